using System.Numerics;
using PureHDF;

namespace Lstm.Keras.Files;

/// <summary>An HDF5 file: its structure, checked, and the values of its datasets, which PureHDF reads.</summary>
/// <remarks>
/// PureHDF allocates by numbers in the file and raises exceptions of many kinds. Here it sees only files that
/// <see cref="HdfMap"/> has walked through, and whatever it raises ends as <see cref="InvalidDataException"/>.
/// </remarks>
internal sealed class HdfFile : IDisposable
{
    private readonly Dictionary<string, Dictionary<string, IH5Object>> _groups = new(StringComparer.Ordinal);
    private readonly MemoryStream _stream;
    private readonly long _length;
    private IDisposable? _file;
    private long _read;

    private HdfFile(byte[] bytes)
    {
        Root = HdfMap.Of(bytes);
        _length = bytes.Length;
        _stream = new MemoryStream(bytes, writable: false);
    }

    /// <summary>The root group.</summary>
    public HdfNode Root { get; }

    /// <exception cref="InvalidDataException">The file is broken.</exception>
    public static HdfFile Open(byte[] bytes) => new(bytes);

    public static bool IsHdf(ReadOnlySpan<byte> start)
        => start.StartsWith((ReadOnlySpan<byte>)[0x89, .. "HDF\r\n"u8, 0x1A, (byte)'\n']);

    /// <summary>Reads the values of a dataset, row by row.</summary>
    /// <exception cref="InvalidDataException">The values cannot be read, or are no floating-point numbers.</exception>
    public T[] Read<T>(HdfNode dataset)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        _read += dataset.Size;
        if (_read > _length)
        {
            throw new InvalidDataException("The HDF5 file is broken: its datasets have more values together than the file.");
        }

        if (dataset.Size == 0)
        {
            return [];
        }

        try
        {
            IH5Dataset values = (IH5Dataset)Object(dataset.Path);
            return dataset.Type switch
            {
                HdfType.Single => As<float, T>(values),
                HdfType.Double => As<double, T>(values),
                HdfType.Half => As<Half, T>(values),
                _ => throw new InvalidDataException($"'{Shorten.Text(dataset.Path)}' has no floating-point values."),
            };
        }
        catch (Exception e) when (e is not InvalidDataException)
        {
            throw new InvalidDataException($"'{Shorten.Text(dataset.Path)}' of the HDF5 file cannot be read: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _stream.Dispose();
    }

    private static T[] As<TSource, T>(IH5Dataset values)
        where TSource : unmanaged, IBinaryFloatingPointIeee754<TSource>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TSource[] source = values.Read<TSource[]>();
        return source is T[] same ? same : Array.ConvertAll(source, T.CreateTruncating);
    }

    // The members of each group are listed once; a search by path would read the group's names for each of them.
    private IH5Object Object(string path)
    {
        if (path.Length == 0)
        {
            PureHDF.VOL.Native.NativeFile file = H5File.Open(_stream, leaveOpen: true);
            _file = file;
            return file;
        }

        int slash = path.LastIndexOf('/');
        string parent = path[..slash];
        if (!_groups.TryGetValue(parent, out Dictionary<string, IH5Object>? members))
        {
            members = ((IH5Group)Object(parent)).Children().ToDictionary(child => child.Name, StringComparer.Ordinal);
            _groups.Add(parent, members);
        }

        return members[path[(slash + 1)..]];
    }
}
