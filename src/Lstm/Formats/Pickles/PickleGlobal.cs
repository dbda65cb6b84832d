namespace Lstm.Formats.Pickles;

/// <summary>A name of Python that a pickle refers to, such as a function or a class. It is never looked up or executed.</summary>
/// <param name="Module">The module, e.g. <c>torch._utils</c>.</param>
/// <param name="Name">The name in the module.</param>
internal sealed record PickleGlobal(string Module, string Name)
{
    /// <summary>The name with its module.</summary>
    public string Path { get; } = $"{Module}.{Name}";

    public override string ToString() => Path;
}
