namespace Lstm.Benchmarks.Compare;

/// <summary>Where this program was built from.</summary>
internal static class Repository
{
    /// <summary>A path below the root of the repository.</summary>
    /// <exception cref="DirectoryNotFoundException">The program was moved out of it.</exception>
    public static string PathOf(params ReadOnlySpan<string> parts)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Lstm.sln")))
            {
                return Path.Combine([folder.FullName, .. parts]);
            }
        }

        throw new DirectoryNotFoundException(
            $"{AppContext.BaseDirectory} is not inside the repository: its scripts and documents cannot be found.");
    }
}
