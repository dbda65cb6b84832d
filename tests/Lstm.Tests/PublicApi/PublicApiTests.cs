using System.Reflection;
using Lstm.Tests.Support;

namespace Lstm.Tests.PublicApi;

/// <summary>The public surface changes only on purpose.</summary>
public class PublicApiTests
{
    [Fact]
    public void PublicApi_surface_matches_baseline()
    {
        string path = Path.Combine(Shared.Repository, "tests", "Lstm.Tests", "PublicApi", "Lstm.txt");
        string actual = PublicApiText.Of(Assembly.Load("Lstm").GetExportedTypes());
        if (Environment.GetEnvironmentVariable("LSTM_ACCEPT_API") == "1")
        {
            File.WriteAllText(path, actual);
        }

        string expected = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        Assert.True(expected == actual, $"""
            The public surface of Lstm differs from tests/Lstm.Tests/PublicApi/Lstm.txt:
            {Difference(expected, actual)}
            If the change is meant, accept it: LSTM_ACCEPT_API=1 dotnet test --filter PublicApi, and commit the file.
            """);
    }

    private static string Difference(string expected, string actual)
    {
        string[] old = Qualified(expected), now = Qualified(actual);
        return string.Join('\n', old.Except(now).Select(line => "- " + line).Concat(now.Except(old).Select(line => "+ " + line)));
    }

    // Each member's line after its type's, so that equal members of different types differ.
    private static string[] Qualified(string text)
    {
        string type = "";
        var lines = new List<string>();
        foreach (string line in text.Split('\n').Where(line => line.Length > 0))
        {
            type = line.StartsWith(' ') ? type : line;
            lines.Add(line == type ? line : type + "  " + line.Trim());
        }

        return [.. lines];
    }
}
