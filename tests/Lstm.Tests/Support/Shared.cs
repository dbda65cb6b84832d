namespace Lstm.Tests.Support;

/// <summary>Where files lie: the repository, and reference tensors that may lie beside it.</summary>
internal static class Shared
{
    /// <summary>The folder with Lstm.sln above the test assembly.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The reference tensors of the repository.</summary>
    public static string Fixtures { get; } = Path.Combine(Repository, "tests", "Lstm.Tests", "Fixtures");

    /// <summary>
    /// The folder of reference tensors of other implementations beside the checkout; the test is skipped without it.
    /// </summary>
    public static string RequireConformance()
    {
        string folder = Path.Combine(Path.GetDirectoryName(Repository)!, "shared", "conformance");
        Require(Directory.Exists(folder), "no reference tensors: ../shared/conformance is absent");
        return folder;
    }

    /// <summary>
    /// Skips a test that lacks something; fails it in a run that has to be complete, where the environment has
    /// <c>LSTM_COMPLETE=1</c>.
    /// </summary>
    /// <param name="isThere">Whether the test has what it needs.</param>
    /// <param name="missing">What is missing, and how to get it.</param>
    public static void Require(bool isThere, string missing)
    {
        Assert.False(!isThere && Environment.GetEnvironmentVariable("LSTM_COMPLETE") == "1", missing);
        Assert.SkipUnless(isThere, missing);
    }

    private static string FindRepository()
    {
        string? folder = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        while (folder is not null && !File.Exists(Path.Combine(folder, "Lstm.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder
            ?? throw new DirectoryNotFoundException("The tests do not run inside the repository: no Lstm.sln above them.");
    }
}
