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
        Assert.SkipUnless(Directory.Exists(folder), "no reference tensors: ../shared/conformance is absent");
        return folder;
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
