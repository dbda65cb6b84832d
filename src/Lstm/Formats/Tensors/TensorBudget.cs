using Lstm.Formats.Archives;
using Lstm.Formats.Safetensors;

namespace Lstm.Formats.Tensors;

/// <summary>
/// Limits what a file's tensors take together, whether they share their bytes or not, so that reading all of them costs no more
/// than the file's size pays for.
/// </summary>
/// <param name="fileLength">The file's length in bytes.</param>
internal struct TensorBudget(long fileLength)
{
    private Int128 _taken;

    /// <summary>Takes the bytes of a tensor.</summary>
    /// <exception cref="InvalidDataException">There are too many.</exception>
    public void Take(FileTensor tensor)
    {
        Int128 read = (Int128)tensor.Extent + (tensor.IsSequential ? tensor.Offset : 0);
        _taken += Int128.Max(tensor.Count, read) * SafetensorsTensor.SizeOf(tensor.ElementType);
        Int128 most = ((Int128)ZipDirectory.MostFactor * fileLength) + ZipDirectory.MostConstant;
        if (_taken > most)
        {
            throw new InvalidDataException(
                $"The tensors up to {tensor} take {_taken} bytes, because they share the file's bytes; {most} are allowed for a "
                + $"file of {fileLength} bytes. Write copies, e.g. by tensor.clone().");
        }
    }
}
