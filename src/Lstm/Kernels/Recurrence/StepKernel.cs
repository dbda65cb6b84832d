namespace Lstm.Kernels.Recurrence;

/// <summary>
/// One layer's step of one sequence, bound to its weights and its state: a stream runs it with one virtual call.
/// </summary>
/// <remarks>The object that binds a step keeps the parameters and the state alive while it runs.</remarks>
// SAFETY: NetworkStream, and the layers that contain layers, pass buffers of the sizes of the layers that they bind.
internal abstract unsafe class StepKernel<T>
    where T : unmanaged
{
    /// <summary>
    /// Computes y [outputs] from <paramref name="x"/>: [inputs] of T, or one int for a layer that takes ids. They may overlap.
    /// </summary>
    public abstract void Run(void* x, T* y);

    /// <summary>Renews what was computed from the parameters beforehand: they have another version now.</summary>
    public virtual void Refresh(long version)
    {
    }
}
