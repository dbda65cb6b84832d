namespace Lstm.Keras.Files;

/// <summary>The members of a group: a tree and a heap of names in old files, links in the header in new ones.</summary>
internal sealed class HdfLinks
{
    public bool IsGroup { get; set; }

    public ulong Tree { get; set; } = HdfBytes.Undefined;

    public ulong Heap { get; set; } = HdfBytes.Undefined;

    /// <summary>Names and the addresses of headers.</summary>
    public List<(string Name, ulong Address)> Hard { get; } = [];

    public void Add(string name, ulong address) => Hard.Add((name, address));
}
