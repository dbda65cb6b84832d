using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>One file that is being read: what does not fit so far, and what the report and the network's metadata get.</summary>
/// <param name="format">The format, as messages name it.</param>
/// <param name="options">What the caller wants.</param>
internal sealed class JsonReading<T>(string format, ImportOptions options)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // A broken file may have as many problems as numbers: the reading ends with this many.
    private const int MaxProblems = 50;

    private readonly List<string> _problems = [];

    public ImportOptions Options => options;

    public Dictionary<string, string> Metadata { get; } = [];

    public List<string> Ignored { get; } = [];

    public List<string> Left { get; } = [];

    /// <summary>Adds to the list of what does not fit.</summary>
    /// <param name="problem">The place and both sizes, without a full stop.</param>
    /// <exception cref="InvalidDataException">It is one problem too many.</exception>
    public void Refuse(string problem)
    {
        _problems.Add(problem);
        if (_problems.Count == MaxProblems)
        {
            _problems.Add("there may be more");
            ThrowIfAny();
        }
    }

    /// <exception cref="InvalidDataException">Something does not fit; the message lists all of it.</exception>
    public void ThrowIfAny()
    {
        if (_problems.Count > 0)
        {
            throw new InvalidDataException($"The file is {format} and does not fit: {string.Join("; ", _problems)}.");
        }
    }

    /// <summary>Reads a tensor; null with the problem noted if it is none.</summary>
    /// <param name="value">The nested arrays.</param>
    /// <param name="path">Their JSON path.</param>
    /// <param name="name">Their name in the report.</param>
    /// <param name="rank">How deep they are nested.</param>
    public JsonTensor<T>? Tensor(JsonElement value, string path, string name, int rank)
    {
        int[] shape = new int[rank], index = new int[rank];
        Array.Fill(shape, -1);
        if (!Measure(value, path, shape, index, 0))
        {
            return null;
        }

        // All arrays have been counted: the product is the number of values in the file.
        T[] values = new T[shape.Aggregate(1, (product, size) => checked(product * size))];
        int next = 0;
        if (values.Length == 0)
        {
            Refuse($"{path} is {JsonPath.Shape(shape)} and has no values");
            return null;
        }

        return Fill(value, path, values, ref next, index, 0) ? new JsonTensor<T>(name, path, shape, values) : null;
    }

    /// <summary>A property that is a whole number; null with the problem noted if it is missing or none.</summary>
    /// <param name="owner">The object.</param>
    /// <param name="path">Its JSON path.</param>
    /// <param name="name">The property's name.</param>
    /// <param name="least">The smallest value that is allowed.</param>
    /// <param name="standard">The value of a missing or null property; null if it has to be there.</param>
    public int? Integer(JsonElement owner, string path, string name, int least, int? standard = null)
    {
        if (!owner.TryGetProperty(name, out JsonElement value)
            || (value.ValueKind == JsonValueKind.Null && standard is not null))
        {
            if (standard is null)
            {
                Refuse($"{JsonPath.Of(path, name)} is missing");
            }

            return standard;
        }

        return Integer(value, JsonPath.Of(path, name), least);
    }

    /// <summary>A whole number; null with the problem noted if it is none.</summary>
    public int? Integer(JsonElement value, string path, int least)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least)
        {
            return number;
        }

        Refuse($"{path} is {JsonPath.Kind(value)}; it has to be a whole number from {least} to {int.MaxValue}");
        return null;
    }

    /// <summary>A property that is a text; null with the problem noted if it is missing or none.</summary>
    public string? Text(JsonElement owner, string path, string name, string? standard = null)
    {
        if (!owner.TryGetProperty(name, out JsonElement value)
            || (value.ValueKind == JsonValueKind.Null && standard is not null))
        {
            if (standard is null)
            {
                Refuse($"{JsonPath.Of(path, name)} is missing");
            }

            return standard;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        Refuse($"{JsonPath.Of(path, name)} is {JsonPath.Kind(value)}; it has to be a text");
        return null;
    }

    /// <summary>A property of a certain kind; null with the problem noted if it is missing or of another.</summary>
    public JsonElement? Part(JsonElement owner, string path, string name, JsonValueKind kind)
    {
        string what = kind == JsonValueKind.Array ? "an array" : "an object";
        if (!owner.TryGetProperty(name, out JsonElement value))
        {
            Refuse($"{JsonPath.Of(path, name)} is missing; it has to be {what}");
            return null;
        }

        if (value.ValueKind != kind)
        {
            Refuse($"{JsonPath.Of(path, name)} is {JsonPath.Kind(value)}; it has to be {what}");
            return null;
        }

        return value;
    }

    /// <summary>Checks a tensor's shape, and notes the problem with both.</summary>
    public bool Fits(JsonTensor<T>? tensor, params ReadOnlySpan<int> shape)
    {
        if (tensor is not null && !shape.SequenceEqual(tensor.Shape))
        {
            Refuse($"{tensor}; it has to be {JsonPath.Shape(shape)}");
            return false;
        }

        return tensor is not null;
    }

    // shape[axis] is −1 until the first array of that depth has been seen.
    private bool Measure(JsonElement value, string path, int[] shape, int[] index, int axis)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            Refuse($"{Place(path, index, axis)} is {JsonPath.Kind(value)}; it has to be an array");
            return false;
        }

        int length = value.GetArrayLength();
        if (shape[axis] >= 0 && shape[axis] != length)
        {
            Refuse(InvariantText.Of(
                $"{Place(path, index, axis)} has {length} elements; the arrays before it have {shape[axis]}"));
            return false;
        }

        shape[axis] = length;
        if (axis == shape.Length - 1)
        {
            return true;
        }

        if (length == 0)
        {
            Array.Clear(shape, axis + 1, shape.Length - axis - 1);
        }

        index[axis] = 0;
        foreach (JsonElement element in value.EnumerateArray())
        {
            if (!Measure(element, path, shape, index, axis + 1))
            {
                return false;
            }

            index[axis]++;
        }

        return true;
    }

    private bool Fill(JsonElement value, string path, T[] values, ref int next, int[] index, int axis)
    {
        index[axis] = 0;
        foreach (JsonElement element in value.EnumerateArray())
        {
            if (axis < index.Length - 1)
            {
                if (!Fill(element, path, values, ref next, index, axis + 1))
                {
                    return false;
                }
            }
            else if (!TryNumber(element, out values[next++]))
            {
                Refuse($"{Place(path, index, index.Length)} is {JsonPath.Kind(element)}; it has to be a number that "
                    + $"{TypeName.Of(typeof(T))} can hold");
                return false;
            }

            index[axis]++;
        }

        return true;
    }

    // Each type from the decimal text, rounded once.
    private static bool TryNumber(JsonElement value, out T number)
    {
        number = default;
        if (value.ValueKind != JsonValueKind.Number)
        {
            return false;
        }

        if (typeof(T) == typeof(float))
        {
            bool isFloat = value.TryGetSingle(out float single);
            number = T.CreateTruncating(single);
            return isFloat && float.IsFinite(single);
        }

        bool isDouble = value.TryGetDouble(out double read);
        number = T.CreateTruncating(read);
        return isDouble && double.IsFinite(read);
    }

    private static string Place(string path, int[] index, int axes)
        => path + string.Concat(index.Take(axes).Select(i => $"[{i.ToString(CultureInfo.InvariantCulture)}]"));
}
