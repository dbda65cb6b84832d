using System.Numerics;
using Lstm.Diagnostics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Texts;

namespace Lstm;

/// <summary>
/// The buffers of inference, which calls of
/// <see cref="Network{T}.Predict(NetworkInput{T}, NetworkState{T}?, Workspace{T}?)"/> reuse.
/// </summary>
/// <remarks>
/// A workspace belongs to the network that made it and to one thread at a time: a call with a workspace that is in use throws
/// <see cref="InvalidOperationException"/>. Any number of workspaces may use one network at once. Dispose the workspace to
/// end its worker threads.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class Workspace<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal Workspace(Network<T> network, int workers)
    {
        Network = network;
        Resources = new PassResources<T>(workers, keeps: false) { Width = network.Width };
        Pass = new Pass<T> { Resources = Resources };
        Runs = new LayerRuns<T>(network.Layers);
        Output = new SequenceBatch<T>(network.OutputSize, Use);
    }

    /// <summary>The last prediction: a view, valid until the next prediction.</summary>
    public SequenceBatch<T> Output { get; }

    /// <summary>
    /// Whether predictions that meet infinite values or NaN throw <see cref="NonFiniteValueException"/>, which names the place of
    /// the first one, before they write a state back. A prediction then checks the input, the outputs of all layers and the final
    /// states; if a value is not finite, it runs the batch once more to find the place. Default false: such values are passed on.
    /// </summary>
    public bool ChecksFinite { get; set; }

    internal Network<T> Network { get; }

    /// <summary>Taken by each call, and shared by <see cref="Output"/>.</summary>
    internal Use Use { get; } = new();

    internal PassResources<T> Resources { get; }

    /// <summary>A pass without parameters: each call adds what it runs on.</summary>
    internal Pass<T> Pass { get; }

    /// <summary>The ways to run the layers.</summary>
    internal LayerRuns<T> Runs { get; }

    /// <summary>The layers as the last call ran them.</summary>
    internal LayerRun<T> Run => Runs.Chosen;

    /// <summary>The sizes of the last output.</summary>
    public override string ToString() => $"{TypeName.Of(this)}: last output {Output}";

    /// <inheritdoc/>
    public void Dispose() => Resources.Dispose();

    /// <summary>Takes the workspace for a call.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    internal Use.Taking Take()
        => Use.Take(
            Use, "The workspace",
            "Each call needs a workspace of its own while it runs: create one for each thread with network.CreateWorkspace().");
}
