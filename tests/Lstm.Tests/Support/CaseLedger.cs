using System.Text.Json;

namespace Lstm.Tests.Support;

/// <summary>
/// The cases of one kind in the manifest of reference tensors: each is compared, or named with the reason why it cannot be.
/// </summary>
internal sealed class CaseLedger
{
    private readonly Dictionary<string, Tolerance> manifest = [];
    private readonly Dictionary<string, string> notExpressible;
    private readonly HashSet<string> compared = [];
    private readonly HashSet<string> left = [];
    private readonly List<string> failures = [];

    /// <summary>Opens the ledger; the test is skipped without reference tensors.</summary>
    /// <param name="kind">The kind in the manifest.</param>
    /// <param name="prefix">What the names of these cases start with in the manifest, and not in their own file.</param>
    /// <param name="notExpressible">
    /// Names (or starts of names, followed by *) of cases that cannot be expressed, with the reason; docs/conformance.md has
    /// each.
    /// </param>
    public CaseLedger(string kind, string prefix = "", params (string Name, string Reason)[] notExpressible)
    {
        this.notExpressible = notExpressible.ToDictionary(entry => entry.Name, entry => entry.Reason);
        Folder = Shared.RequireConformance();
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "manifest.json")));
        foreach (JsonElement entry in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString()!;
            if (entry.GetProperty("kind").GetString() == kind && name.StartsWith(prefix, StringComparison.Ordinal))
            {
                JsonElement tolerance = entry.GetProperty("tolerance");
                manifest.Add(name[prefix.Length..], new(Number(tolerance, "abs"), Number(tolerance, "rel")));
            }
        }
    }

    /// <summary>The folder of the reference tensors.</summary>
    public string Folder { get; }

    /// <summary>The names of the cases in the manifest.</summary>
    public IReadOnlyCollection<string> Names => manifest.Keys;

    /// <summary>
    /// Compares a case within the manifest's tolerance, unless it cannot be expressed; a failure is kept until the end.
    /// </summary>
    public void Compare(string name, Action<Tolerance> compare)
    {
        if (notExpressible.Keys.Any(entry => Means(entry, name)))
        {
            left.Add(name);
            return;
        }

        try
        {
            compare(manifest[name]);
        }
        catch (Exception exception)
        {
            failures.Add($"{name}: {exception.Message}");
        }

        compared.Add(name);
    }

    /// <summary>Asserts that no comparison failed, and that all cases were compared or are named as not expressible.</summary>
    /// <param name="inFile">Cases in the file itself, which may have more than the manifest.</param>
    public void AssertComplete(int inFile)
    {
        Assert.True(failures.Count == 0, $"{failures.Count} of {compared.Count} cases failed:\n{string.Join('\n', failures)}");
        Assert.Equal(inFile, compared.Count + left.Count);
        Assert.NotEmpty(compared);
        Assert.Empty(manifest.Keys.Except(compared).Except(left));
        string page = File.ReadAllText(Path.Combine(Shared.Repository, "docs", "conformance.md"));
        Assert.All(notExpressible.Keys, entry =>
        {
            Assert.Contains(left, name => Means(entry, name));
            Assert.Contains($"`{entry}`", page);
        });
    }

    private static bool Means(string entry, string name)
        => entry.EndsWith('*') ? name.StartsWith(entry[..^1], StringComparison.Ordinal) : entry == name;

    private static double Number(JsonElement tolerance, string name)
        => tolerance.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : 0;
}
