using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Kernels;

namespace Lstm;

/// <summary>The gradient of a loss with respect to every parameter of a network.</summary>
/// <remarks><see cref="Network{T}.Backward"/> adds into it; <see cref="Clear"/> it before the first batch of a step.</remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class Gradient<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal Gradient(ParameterLayout layout)
    {
        Layout = layout;
        Buffer = new AlignedBuffer<T>(layout.Length);
    }

    internal ParameterLayout Layout { get; }

    internal AlignedBuffer<T> Buffer { get; }

    /// <summary>All elements in the storage order of the parameters, padding (always zero) included.</summary>
    internal Span<T> Flat => Buffer.Span[..Layout.Length];

    /// <summary>Sets all to zero.</summary>
    public void Clear() => Flat.Clear();

    /// <summary>Copies out the gradient of one parameter, in PyTorch's layout.</summary>
    /// <param name="name">The parameter's name, as in <see cref="Network{T}.Parameters"/>.</param>
    /// <exception cref="ArgumentException">There is no such parameter.</exception>
    public Tensor<T> Read(string name) => Layout.Read<T>(name, Flat);

    /// <summary>Overwrites the gradient of one parameter, given in PyTorch's layout.</summary>
    /// <param name="name">The parameter's name, as in <see cref="Network{T}.Parameters"/>.</param>
    /// <param name="tensor">A tensor of the parameter's shape.</param>
    /// <exception cref="ArgumentException">There is no such parameter, or the shape is not its.</exception>
    public void Write(string name, in ReadOnlyTensorSpan<T> tensor) => Layout.Write(name, tensor, Flat);
}
