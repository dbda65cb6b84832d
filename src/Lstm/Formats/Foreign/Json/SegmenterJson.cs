using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Lstm.Specs;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>
/// Word segmenters as ICU trades them: the weights of a Keras model as <c>mat1</c> to <c>mat9</c>, and the ids of characters.
/// </summary>
/// <remarks>
/// Embedding, bidirectional LSTM, dense layer with softmax. Each <c>mat</c> is <c>{"v":1,"dim":[…],"data":[…]}</c>. The row
/// of characters that <c>dic</c> does not have follows those of <c>dic</c>. The outputs are the probabilities of B, I, E and
/// S: the first, an inner, the last, or the only character of a word.
/// </remarks>
internal static class SegmenterJson
{
    private const int Labels = 4;

    public static NetworkDraft<T> Read<T>(JsonElement root, JsonReading<T> reading)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        JsonTensor<T>?[] mats = new JsonTensor<T>?[10];
        for (int i = 1; i < mats.Length; i++)
        {
            mats[i] = Matrix(reading, root, InvariantText.Of($"mat{i}"), i is 4 or 7 or 9 ? 1 : 2);
        }

        List<JsonLayer<T>> layers = [];
        if (mats.Skip(1).All(mat => mat is not null))
        {
            AddLayers(reading, mats!, layers);
        }

        KeepVocabulary(reading, root, mats[1]?.Shape[0]);
        JsonMetadata.Keep(
            reading, root, string.Empty,
            ["dic", .. Enumerable.Range(1, 9).Select(i => "mat" + i.ToString(CultureInfo.InvariantCulture))]);
        reading.Metadata["labels"] = "BIES";
        reading.Left.Add(
            "the ids of a text: those of its code points, or of its grapheme clusters for a model whose name has 'graphclust', "
            + "in the metadata 'vocabulary'; 'unknown_id' for others");
        return JsonChain.Complete(reading, layers);
    }

    private static void AddLayers<T>(JsonReading<T> reading, JsonTensor<T>[] mats, List<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int values = mats[1].Shape[1], units = mats[3].Shape[0];
        if (units > int.MaxValue / 8)
        {
            reading.Refuse($"{mats[3]}, which is too large");
            return;
        }

        bool fits = true;
        foreach (int first in (int[])[2, 5])
        {
            fits &= reading.Fits(mats[first], values, 4 * units) & reading.Fits(mats[first + 1], units, 4 * units)
                & reading.Fits(mats[first + 2], 4 * units);
        }

        if (!(fits & reading.Fits(mats[8], 2 * units, Labels) & reading.Fits(mats[9], Labels)))
        {
            return;
        }

        JsonKernels<T>[] directions = [.. ((int[])[2, 5]).Select(first => new JsonKernels<T>(LstmKernelLayout.Keras)
        {
            Input = mats[first],
            Recurrent = mats[first + 1],
            Bias = mats[first + 2],
        })];
        layers.Add(new JsonEmbeddingLayer<T>("embedding", mats[1]) { Text = "embedding" });
        layers.Add(new JsonLstmLayer<T>("lstm", values, units, [directions]) { Text = "bidirectional LSTM" });
        layers.Add(new JsonDenseLayer<T>("dense", mats[8], isTransposed: true) { Bias = mats[9], Text = "dense" });
        layers.Add(new JsonPlainLayer<T>("dense", Labels, new ActivationSpec(ActivationFunction.Softmax))
        {
            Text = "activation softmax of the dense layer",
        });
    }

    private static JsonTensor<T>? Matrix<T>(JsonReading<T> reading, JsonElement root, string name, int rank)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string path = JsonPath.Of(JsonPath.Root, name);
        if (reading.Part(root, JsonPath.Root, name, JsonValueKind.Object) is not { } mat
            || reading.Part(mat, path, "dim", JsonValueKind.Array) is not { } dim
            || reading.Part(mat, path, "data", JsonValueKind.Array) is not { } data
            || reading.Tensor(data, path + ".data", name, 1) is not { } values)
        {
            return null;
        }

        if (dim.GetArrayLength() != rank)
        {
            reading.Refuse(InvariantText.Of($"{path}.dim has {dim.GetArrayLength()} elements; it has to have {rank}"));
            return null;
        }

        int[] shape = new int[rank];
        Int128 count = 1;
        for (int i = 0; i < rank; i++)
        {
            if (reading.Integer(dim[i], JsonPath.Of(path + ".dim", i), 1) is not { } size)
            {
                return null;
            }

            shape[i] = size;
            count *= size;
        }

        if (count != values.Values.Length)
        {
            reading.Refuse(InvariantText.Of(
                $"{path}.data has {values.Values.Length} numbers; dim {JsonPath.Shape(shape)} has {count}"));
            return null;
        }

        return values with { Path = path, Shape = shape };
    }

    private static void KeepVocabulary<T>(JsonReading<T> reading, JsonElement root, int? rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (reading.Part(root, JsonPath.Root, "dic", JsonValueKind.Object) is not { } vocabulary)
        {
            return;
        }

        int most = -1, count = 0;
        foreach (JsonProperty property in vocabulary.EnumerateObject())
        {
            count++;
            most = Math.Max(most, reading.Integer(property.Value, JsonPath.Of("$.dic", property.Name), 0) ?? 0);
        }

        if (count == 0)
        {
            reading.Refuse("$.dic has no ids");
        }
        else if (Math.Max(most, count) >= rows)
        {
            reading.Refuse(InvariantText.Of(
                $"$.dic has {count} ids up to {most}; mat1 has {rows} rows, and needs one more than there are ids"));
        }

        reading.Metadata["vocabulary"] = vocabulary.GetRawText();
        reading.Metadata["unknown_id"] = InvariantText.Of($"{count}");
    }
}
