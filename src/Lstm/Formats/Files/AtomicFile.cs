using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Lstm.Formats.Files;

/// <summary>Writes a file so that its name always stands for a whole one: the old until the new is on disk.</summary>
/// <remarks>
/// The new file is written beside the target under a name of its own, <c>model.safetensors.1234-89abcdef01234567.tmp</c>
/// (target, process, random number), flushed to disk, and renamed over the target. What an interrupted process left is removed
/// by the next write of the same target.
/// </remarks>
internal static class AtomicFile
{
    private const string Suffix = ".tmp";

    // Longer targets are cut, so that the temporary name stays under the usual 255 bytes.
    private const int MaxStem = 60;

    // What a mode can hold when a file is made; the rest is set on the file that is there.
    private const UnixFileMode Permissions = (UnixFileMode)0b111_111_111;

    /// <summary>Writes a file, or leaves everything as it was.</summary>
    /// <param name="path">The target; a link is followed.</param>
    /// <param name="write">Writes the contents. If it throws, the old file remains.</param>
    /// <exception cref="IOException">The target is a folder, a device, a FIFO or a socket, or cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string target = SaveTarget.Resolve(path);
        string folder = Path.GetDirectoryName(target) ?? throw new ArgumentException($"'{path}' names no file.", nameof(path));
        string stem = Stem(target);
        RemoveStale(folder, stem);
        string temporary = Path.Combine(
            folder, string.Create(
                CultureInfo.InvariantCulture, $"{stem}{Environment.ProcessId}-{Random.Shared.NextInt64():x16}{Suffix}"));
        try
        {
            UnixFileMode? mode = SaveTarget.ModeOf(target);
            using (FileStream stream = Create(temporary, mode))
            {
                write(stream);
                stream.Flush(flushToDisk: true);

                // Writing takes bits beyond the permissions away.
                SetMode(stream, mode);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>A new file with the mode of the one that it replaces: what is private is so from the first moment.</summary>
    private static FileStream Create(string path, UnixFileMode? mode)
    {
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows() && mode is not null)
        {
            options.UnixCreateMode = mode & Permissions;
        }

        FileStream stream = new(path, options);
        try
        {
            SetMode(stream, mode);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Sets a mode that the process's mask, or writing, has taken bits from.</summary>
    private static void SetMode(FileStream stream, UnixFileMode? mode)
    {
        if (!OperatingSystem.IsWindows() && mode is { } wanted && File.GetUnixFileMode(stream.SafeFileHandle) != wanted)
        {
            File.SetUnixFileMode(stream.SafeFileHandle, wanted);
        }
    }

    private static string Stem(string target)
    {
        string name = Path.GetFileName(target);
        int length = Math.Min(name.Length, MaxStem);
        return name[..(length > 0 && char.IsHighSurrogate(name[length - 1]) ? length - 1 : length)] + ".";
    }

    private static void RemoveStale(string folder, string stem)
    {
        try
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*" + Suffix))
            {
                string name = Path.GetFileName(file)[..^Suffix.Length];
                if (name.StartsWith(stem, StringComparison.Ordinal) && Writer(name[stem.Length..]) is { } process
                    && !IsAlive(process, file) && !IsOpen(file))
                {
                    TryDelete(file);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be listed can be written to all the same; one that is not there is reported by the write.
        }
    }

    /// <summary>The process in "1234-89abcdef01234567"; null if the name is somebody else's.</summary>
    private static int? Writer(string name)
        => name.Split('-') is [string process, { Length: 16 } random]
            && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                && random.All(char.IsAsciiHexDigitLower)
                ? id
                : null;

    /// <summary>
    /// Whether the process may still be writing: it runs, and did when the file was last written (ids are used again).
    /// </summary>
    private static bool IsAlive(int process, string file)
    {
        try
        {
            using Process running = Process.GetProcessById(process);
            return running.StartTime.ToUniversalTime() <= File.GetLastWriteTimeUtc(file);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // There is no such process, or it ended meanwhile.
            return false;
        }
        catch (Exception e) when (e is Win32Exception or NotSupportedException)
        {
            // The system does not tell.
            return true;
        }
    }

    /// <summary>
    /// Whether another process has it open: one on another machine or in another container has an id we cannot see.
    /// </summary>
    private static bool IsOpen(string file)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is tried again at the next write.
        }
    }
}
