using System.Formats.Tar;

namespace Lstm.Formats.Files;

/// <summary>The place of a file that is to be saved: free, or taken by a regular file, which the new one replaces.</summary>
internal static class SaveTarget
{
    /// <summary>The full path of the file; links are followed.</summary>
    /// <param name="path">The path as the caller gave it.</param>
    /// <exception cref="IOException">A folder, a device, a FIFO or a socket is there.</exception>
    public static string Resolve(string path)
    {
        string target = Path.GetFullPath(path);
        target = new FileInfo(target).LinkTarget is null ? target
            : File.ResolveLinkTarget(target, returnFinalTarget: true)!.FullName;
        if (KindOf(target) is not { } kind)
        {
            return target;
        }

        string place = target == Path.GetFullPath(path) ? $"'{path}' is" : $"'{path}' leads to '{target}', which is";
        throw new IOException($"{place} {kind}. Give a new name or the name of a regular file, or save to a stream.");
    }

    /// <summary>The mode of the file that is there; null if there is none, or the system has no modes.</summary>
    public static UnixFileMode? ModeOf(string target)
        => !OperatingSystem.IsWindows() && File.Exists(target) ? File.GetUnixFileMode(target) : null;

    /// <summary>The kind of what a path names; null for nothing and for a regular file.</summary>
    private static string? KindOf(string target)
    {
        if (Directory.Exists(target))
        {
            return "a folder";
        }

        if (OperatingSystem.IsWindows())
        {
            return target.StartsWith(@"\\.\", StringComparison.Ordinal) ? "a device" : null;
        }

        // Whatever is no regular file has the length 0, so that a file of any contents is told without a second look.
        FileInfo file = new(target);
        return file.Exists && file.Length == 0 ? KindOfEmpty(target) : null;
    }

    // .NET tells a file's type nowhere but in an archive's entry for it. The file itself is not opened unless it is a regular
    // one.
    private static string? KindOfEmpty(string target)
    {
        const int UnsupportedType = unchecked((int)0x80131620);
        using MemoryStream archive = new();
        try
        {
            using (TarWriter writer = new(archive, TarEntryFormat.Pax, leaveOpen: true))
            {
                writer.WriteEntry(target, "target");
            }
        }
        catch (IOException e) when (e.HResult == UnsupportedType)
        {
            return "a socket or another special file";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // A regular file that cannot be read, or that has gone meanwhile, can be replaced all the same.
            return null;
        }

        archive.Position = 0;
        using TarReader reader = new(archive);
        return reader.GetNextEntry()?.EntryType switch
        {
            TarEntryType.CharacterDevice => "a character device",
            TarEntryType.BlockDevice => "a block device",
            TarEntryType.Fifo => "a FIFO (named pipe)",
            _ => null,
        };
    }
}
