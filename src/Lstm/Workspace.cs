using System.Numerics;
using Lstm.Diagnostics;
using Lstm.Layers;
using Lstm.Runtime;

namespace Lstm;

/// <summary>
/// The buffers of inference, reused from call to call:
/// <see cref="Network{T}.Predict(NetworkInput{T}, NetworkState{T}?, Workspace{T}?)"/>.
/// </summary>
/// <remarks>
/// A workspace belongs to the network that made it and to one thread at a time: a call with a workspace that is in use throws
/// <see cref="InvalidOperationException"/>. Any number of workspaces may use one network at once. Dispose it to end its worker
/// threads.
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

    /// <summary>The last prediction: a view, valid until the next one.</summary>
    public SequenceBatch<T> Output { get; }

    /// <summary>
    /// Whether each prediction looks for values that are infinite or NaN and throws <see cref="NonFiniteValueException"/>, which
    /// says where the first one came in, before it writes a state back. It looks at the input, the outputs of all layers and the
    /// final states; where it finds something, it runs the batch again to find the place. Default false: values that are not
    /// finite are passed on.
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

    /// <inheritdoc/>
    public void Dispose() => Resources.Dispose();

    /// <summary>Takes the workspace for a call.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    internal Use.Taking Take()
        => Use.Take(
            Use, "The workspace",
            "Each call needs a workspace of its own while it runs: create one for each thread with network.CreateWorkspace().");
}
