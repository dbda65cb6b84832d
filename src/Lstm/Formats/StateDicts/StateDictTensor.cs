using System.Numerics;
using Lstm.Parameters;

namespace Lstm.Formats.StateDicts;

/// <summary>Where the values of a parameter are in a state_dict.</summary>
/// <param name="Parameter">The parameter.</param>
/// <param name="Tensor">Its tensor.</param>
/// <param name="SecondBias">
/// For the only bias of an LSTM layer: the second one of the file, which is added to it; else null.
/// </param>
internal sealed record StateDictTensor(Parameter Parameter, FileTensor Tensor, FileTensor? SecondBias)
{
    /// <summary>The values in PyTorch's layout.</summary>
    public T[] Read<T>(TensorFile file)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = new T[Parameter.Count];
        if (SecondBias is null)
        {
            file.Read<T>(Tensor, values);
            return values;
        }

        double[] first = new double[values.Length], second = new double[values.Length];
        file.Read<double>(Tensor, first);
        file.Read<double>(SecondBias, second);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BiasSum.Of<T>(first[i], second[i]);
        }

        return values;
    }
}
