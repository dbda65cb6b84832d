using System.Text;

namespace Lstm.Keras.Files;

/// <summary>Reads the texts of attributes, those in global heaps as well.</summary>
internal sealed class HdfTexts(HdfBytes file)
{
    private const int Element = 16;

    private readonly Dictionary<ulong, Dictionary<uint, (int At, int Length)>> _heaps = [];

    /// <summary>Texts of a fixed length, padded with zeros.</summary>
    public string[] Fixed(ReadOnlySpan<byte> data, int size)
    {
        file.Spend((ulong)data.Length, "texts");
        string[] texts = new string[data.Length / size];
        for (int i = 0; i < texts.Length; i++)
        {
            ReadOnlySpan<byte> text = data.Slice(i * size, size);
            int end = text.IndexOf((byte)0);
            texts[i] = Encoding.UTF8.GetString(end < 0 ? text : text[..end]).TrimEnd(' ');
        }

        return texts;
    }

    /// <summary>Texts of any length: each element is a length, the address of a heap, and an object's number in it.</summary>
    /// <exception cref="InvalidDataException">A heap is broken, or has no such object.</exception>
    public string[] Variable(ReadOnlySpan<byte> data, string path)
    {
        string[] texts = new string[data.Length / Element];
        for (int i = 0; i < texts.Length; i++)
        {
            ReadOnlySpan<byte> element = data.Slice(i * Element, Element);
            ulong length = HdfBytes.Number(element, 0, 4), heap = HdfBytes.Number(element, 4, 8);
            uint number = (uint)HdfBytes.Number(element, 12, 4);
            if (length == 0 || heap is 0 or HdfBytes.Undefined)
            {
                texts[i] = string.Empty;
                continue;
            }

            if (!Heap(heap, path).TryGetValue(number, out (int At, int Length) place) || length > (ulong)place.Length)
            {
                throw new InvalidDataException(
                    $"The HDF5 file is broken: '{path}' is object {number} of the heap at byte {heap} with {length} bytes; " +
                    $"the heap " +
                    $"has {(place.At == 0 ? "none" : $"one of {place.Length} bytes")}.");
            }

            file.Spend(length, $"'{path}'");
            ReadOnlySpan<byte> text = file.All.AsSpan(place.At, (int)length);
            texts[i] = Encoding.UTF8.GetString(text.TrimEnd((byte)0));
        }

        return texts;
    }

    private Dictionary<uint, (int At, int Length)> Heap(ulong address, string path)
    {
        if (_heaps.TryGetValue(address, out Dictionary<uint, (int At, int Length)>? objects))
        {
            return objects;
        }

        objects = [];
        ulong size = HdfBytes.Number(file.Signed(address, 16, "GCOL"u8, $"heap of '{path}'"), 8, 8);
        ReadOnlySpan<byte> heap = file.At(address, size, $"the heap of '{path}'");
        file.Spend(size, $"the heap of '{path}'");
        int at = 16;
        while (heap.Length - at >= 16)
        {
            uint number = (uint)HdfBytes.Number(heap, at, 2);
            ulong length = HdfBytes.Number(heap, at + 8, 8);
            if (number == 0)
            {
                break;
            }

            if (length > (ulong)(heap.Length - at - 16) || !objects.TryAdd(number, ((int)address + at + 16, (int)length)))
            {
                throw new InvalidDataException(
                    $"The HDF5 file is broken: object {number} of the heap at byte {address} has {length} bytes, or is there " +
                    $"twice.");
            }

            at += 16 + (int)((length + 7) / 8 * 8);
        }

        _heaps.Add(address, objects);
        return objects;
    }
}
