namespace Lstm.Tests.Support;

/// <summary>
/// The tensors of one case by name, which remember whether they were asked for: none may be left out of the comparison.
/// </summary>
internal sealed class CaseTensors(IReadOnlyDictionary<string, ReferenceTensor> tensors)
{
    private readonly HashSet<string> unread = [.. tensors.Keys];

    /// <summary>Those whose names in the file start with <paramref name="prefix"/>, named without it.</summary>
    public static CaseTensors From(TensorFile file, string prefix) => new(file.Names
        .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
        .ToDictionary(name => name[prefix.Length..], name => ReferenceTensor.From(file, name)));

    public ReferenceTensor this[string name]
    {
        get
        {
            unread.Remove(name);
            return tensors[name];
        }
    }

    public bool Has(string name) => tensors.ContainsKey(name);

    public void AssertAllRead() => Assert.True(unread.Count == 0, $"not compared: {string.Join(", ", unread)}");
}
