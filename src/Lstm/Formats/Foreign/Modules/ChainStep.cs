namespace Lstm.Formats.Foreign.Modules;

/// <summary>A module in its place in the chain.</summary>
/// <param name="Module">The module.</param>
/// <param name="IsEmbedding">Whether a matrix is an embedding.</param>
internal sealed record ChainStep(StateModule Module, bool IsEmbedding)
{
    /// <summary>Values in; the number of ids of an embedding.</summary>
    public long Inputs => IsEmbedding ? Module.Outputs : Module.Inputs;

    public long Outputs => IsEmbedding ? Module.Inputs : Module.Outputs;
}
