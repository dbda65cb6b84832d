using Lstm.Tests.Support;

namespace Lstm.Tests.Formats;

/// <summary>Files of the folder Fixtures/foreign, which make_torch_files.py made.</summary>
internal static class ForeignFixture
{
    public static string PathOf(string name) => Path.Combine(Shared.Fixtures, "foreign", name);

    public static byte[] Bytes(string name) => File.ReadAllBytes(PathOf(name));

    public static MemoryStream Open(string name) => new(Bytes(name));
}
