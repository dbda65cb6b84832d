using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Lstm.Formats.Files;
using Lstm.Formats.Safetensors;
using Lstm.Tests.Support;

namespace Lstm.Tests.Formats;

/// <summary>A file is the old one or the new one, whatever happens, and nothing is left lying about.</summary>
public class AtomicFileTests
{
    private const int NoProcess = int.MaxValue;

    [Fact]
    public void Write_makes_and_replaces_a_file()
    {
        using TemporaryFolder folder = new();
        AtomicFile.Write(folder["a"], stream => stream.WriteByte(1));
        Assert.Equal([1], File.ReadAllBytes(folder["a"]));
        AtomicFile.Write(folder["a"], stream => stream.WriteByte(2));
        Assert.Equal([2], File.ReadAllBytes(folder["a"]));
        Assert.Equal(["a"], folder.Files);
    }

    [Fact]
    public void Write_shows_the_old_file_until_the_new_one_is_whole()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["a"], "old");
        AtomicFile.Write(folder["a"], stream =>
        {
            stream.WriteByte(1);
            stream.Flush();
            Assert.Equal("old", File.ReadAllText(folder["a"]));
            Assert.Matches(@"^a\.[0-9]+-[0-9a-f]{16}\.tmp$", folder.Files[1]);
        });
        Assert.Equal([1], File.ReadAllBytes(folder["a"]));
    }

    [Fact]
    public void Write_that_fails_leaves_the_old_file_and_no_other()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["a"], "old");
        foreach (
            Exception failure in (Exception[])[
            new IOException("disk full"), new InvalidOperationException(), new OperationCanceledException()])
        {
            Exception thrown = Assert.ThrowsAny<Exception>(() => AtomicFile.Write(folder["a"], stream =>
            {
                stream.Write(new byte[100_000]);
                throw failure;
            }));
            Assert.Same(failure, thrown);
            Assert.Equal("old", File.ReadAllText(folder["a"]));
            Assert.Equal(["a"], folder.Files);
        }
    }

    [Fact]
    public void Write_onto_a_folder_or_into_a_missing_one_throws_and_leaves_nothing()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder["sub"]);
        Assert.Contains("a folder", Assert.Throws<IOException>(() => AtomicFile.Write(folder["sub"], Never)).Message);
        Assert.Throws<DirectoryNotFoundException>(() => AtomicFile.Write(folder["none/a"], stream => stream.WriteByte(1)));
        Assert.Empty(folder.Files);
        Assert.True(Directory.Exists(folder["sub"]));
    }

    [Fact]
    public void Write_removes_what_an_interrupted_process_left()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["model é"], "old");
        ChildProcess.Run("formats.interrupted", [folder["model é"]]);
        Assert.Equal(2, folder.Files.Length);
        Assert.Equal("old", File.ReadAllText(folder["model é"]));

        AtomicFile.Write(folder["model é"], stream => stream.WriteByte(1));
        Assert.Equal(["model é"], folder.Files);
    }

    [ChildScenario("formats.interrupted")]
    internal static void Interrupted(string[] path) => AtomicFile.Write(path[0], stream =>
    {
        stream.WriteByte(1);
        stream.Flush();
        Environment.Exit(1);
    });

    [Fact]
    public void Write_removes_temporaries_of_its_target_only()
    {
        using TemporaryFolder folder = new();
        string[] others =
        [
            Temporary("b", NoProcess), Temporary("aa", NoProcess), Temporary("a.b", NoProcess), "a.tmp", "a.1.tmp", "a.1-1.tmp",
            "a.x-0123456789abcdef.tmp", "a.1-0123456789ABCDEF.tmp", "a.1-0123456789abcdef.tmp2", "a.1-2-0123456789abcdef.tmp",
        ];
        foreach (string name in others.Append(Temporary("a", NoProcess)))
        {
            File.WriteAllText(folder[name], "");
        }

        AtomicFile.Write(folder["a"], stream => stream.WriteByte(1));
        Assert.Equal(others.Append("a").Order(StringComparer.Ordinal), folder.Files);
    }

    [Fact]
    public void Write_removes_temporaries_of_a_process_whose_id_is_used_again()
    {
        using TemporaryFolder folder = new();
        string old = Temporary("a", Environment.ProcessId);
        File.WriteAllText(folder[old], "");
        File.SetLastWriteTimeUtc(folder[old], DateTime.UtcNow.AddDays(-2));
        AtomicFile.Write(folder["a"], stream => stream.WriteByte(1));
        Assert.Equal(["a"], folder.Files);
    }

    [Fact]
    public void Write_leaves_the_temporary_of_a_write_that_is_under_way()
    {
        using TemporaryFolder folder = new();
        AtomicFile.Write(folder["a"], outer =>
        {
            outer.WriteByte(1);
            AtomicFile.Write(folder["a"], inner => inner.WriteByte(2));
            Assert.Equal(2, folder.Files.Length);
            Assert.Equal([2], File.ReadAllBytes(folder["a"]));
        });
        Assert.Equal([1], File.ReadAllBytes(folder["a"]));
        Assert.Equal(["a"], folder.Files);
    }

    [Fact]
    public void Write_leaves_a_temporary_that_is_open_though_its_process_is_not_seen()
    {
        using TemporaryFolder folder = new();
        string name = Temporary("a", NoProcess);
        using (File.Open(folder[name], FileMode.Create, FileAccess.Write, FileShare.None))
        {
            AtomicFile.Write(folder["a"], stream => stream.WriteByte(1));
            Assert.Equal(["a", name], folder.Files);
        }

        AtomicFile.Write(folder["a"], stream => stream.WriteByte(1));
        Assert.Equal(["a"], folder.Files);
    }

    [Fact]
    public void Write_works_with_names_as_long_as_names_can_be()
    {
        using TemporaryFolder folder = new();
        foreach (string name in (string[])[new('a', 255), string.Concat(Enumerable.Repeat("🧠", 63))])
        {
            AtomicFile.Write(folder[name], stream => stream.WriteByte(1));
            Assert.True(File.Exists(folder[name]));
        }

        Assert.Equal(2, folder.Files.Length);
    }

    [Fact]
    public void Write_follows_a_link_and_keeps_the_mode()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("links and modes are Unix's");
            return;
        }

        using TemporaryFolder folder = new();
        File.WriteAllText(folder["a"], "old");
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.SetUnixFileMode(folder["a"], Private);
        File.CreateSymbolicLink(folder["link"], "a");
        AtomicFile.Write(folder["link"], stream => stream.WriteByte(1));
        Assert.Equal([1], File.ReadAllBytes(folder["a"]));
        Assert.Equal("a", new FileInfo(folder["link"]).LinkTarget);
        Assert.Equal(Private, File.GetUnixFileMode(folder["a"]));
    }

    [Theory]
    [InlineData("fifo", "a FIFO")]
    [InlineData("socket", "socket")]
    [InlineData("/dev/null", "a character device")]
    public void Write_onto_what_is_no_regular_file_throws_before_anything_is_written(string name, string kind)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("FIFOs, sockets and device files are Unix's");
            return;
        }

        using TemporaryFolder folder = new();
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        string path = name[0] == '/' ? name : folder[name];
        if (name == "fifo")
        {
            using Process process = Process.Start("mkfifo", path);
            process.WaitForExit();
        }
        else if (name == "socket")
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
        }

        File.CreateSymbolicLink(folder["link"], path);
        string[] before = folder.Files;
        string message = Assert.Throws<IOException>(() => AtomicFile.Write(path, Never)).Message;
        Assert.Contains(path, message);
        Assert.Contains(kind, message);
        message = Assert.Throws<IOException>(() => AtomicFile.Write(folder["link"], Never)).Message;
        Assert.Contains(folder["link"], message);
        Assert.Contains(path, message);
        Assert.Equal(before, folder.Files);
        Assert.Throws<IOException>(() => Network.Create<float>(1, new DenseSpec(1)).Save(path));
        Assert.Throws<IOException>(() => AtomicFile.Write(path, Never));
    }

    [Fact]
    public void Write_onto_a_link_to_a_folder_throws_and_one_to_nothing_makes_the_file()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("links need a privilege on Windows");
            return;
        }

        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder["sub"]);
        Directory.CreateSymbolicLink(folder["link"], folder["sub"]);
        Assert.Contains("a folder", Assert.Throws<IOException>(() => AtomicFile.Write(folder["link"], Never)).Message);
        File.CreateSymbolicLink(folder["new"], folder["a"]);
        AtomicFile.Write(folder["new"], stream => stream.WriteByte(1));
        Assert.Equal([1], File.ReadAllBytes(folder["a"]));
    }

    [Theory]
    [InlineData("600")]
    [InlineData("640")]
    [InlineData("400")]
    [InlineData("666")]
    [InlineData("755")]
    public void Write_gives_the_temporary_file_the_mode_of_its_target_from_the_first_byte(string octal)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("modes are Unix's");
            return;
        }

        using TemporaryFolder folder = new();
        UnixFileMode mode = (UnixFileMode)Convert.ToInt32(octal, 8);
        foreach (string old in (string[])["old", string.Empty])
        {
            File.WriteAllText(folder["a"], old);
            File.SetUnixFileMode(folder["a"], mode);
            AtomicFile.Write(folder["a"], stream =>
            {
                string temporary = folder.Files.Single(name => name.EndsWith(".tmp", StringComparison.Ordinal));
                Assert.Equal(mode, ModeOf(folder[temporary]));
                stream.WriteByte(1);
            });
            Assert.Equal(mode, File.GetUnixFileMode(folder["a"]));
            Assert.Equal([1], File.ReadAllBytes(folder["a"]));
            File.Delete(folder["a"]);
        }
    }

    [Fact]
    public void Write_of_a_new_file_has_the_mode_of_any_new_file()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("modes are Unix's");
            return;
        }

        using TemporaryFolder folder = new();
        File.WriteAllText(folder["usual"], "");
        AtomicFile.Write(folder["a"], stream => stream.WriteByte(1));
        Assert.Equal(File.GetUnixFileMode(folder["usual"]), File.GetUnixFileMode(folder["a"]));
    }

    private static UnixFileMode ModeOf(string file) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(file);

    private static void Never(Stream stream) => Assert.Fail("Nothing may be written.");

    private static string Temporary(string target, int process)
        => string.Create(CultureInfo.InvariantCulture, $"{target}.{process}-0123456789abcdef.tmp");
}
