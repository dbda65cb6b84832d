using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Formats;
using Lstm.Specs;
using Spectre.Console;

namespace Lstm.Tool;

/// <summary><c>lstm run</c>: a model reads the sequences of one NumPy array and writes another.</summary>
internal sealed class RunCommand(IAnsiConsole output, IAnsiConsole errors)
{
    // The input's values, once they have been read.
    private Array? _values;

    /// <exception cref="InvalidDataException">A file is broken, or the array does not fit the model.</exception>
    public void Run(ModelRequest request, string input, string target, string? lengths, int batch)
    {
        if (request.Double)
        {
            Run(ModelReader.Open<double>(request), input, target, lengths, batch);
        }
        else
        {
            Run(ModelReader.Open<float>(request), input, target, lengths, batch);
        }
    }

    private void Run<T>(ModelImport<T> model, string inputPath, string target, string? lengthsPath, int batch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = model.Network;
        new ReportText(errors).Remarks(model.Report);
        using TensorFile file = TensorFile.Open(inputPath);
        FileTensor tensor = Only(file, inputPath);
        SequenceShape shape = SequenceShape.Of(tensor, network.TakesIds ? 0 : network.InputSize, inputPath);
        int[] lengths = Lengths(lengthsPath, shape);
        bool perSequence = network.Specs.Any(spec => spec is PoolingSpec) && !network.Specs.Any(spec => spec is RepeatLastSpec);
        int rows = perSequence ? 1 : shape.Steps, size = network.OutputSize;
        T[] result = new T[checked(shape.Sequences * rows * size)];
        Workspace<T> workspace = network.CreateWorkspace();
        Progress(shape.Sequences, batch, (first, count) =>
        {
            ReadOnlySpan<int> part = lengths.AsSpan(first, count);
            SequenceBatch<T> predicted = network.TakesIds
                ? network.Predict(Batch(Read<int>(file, tensor, shape, first, count), shape, 1, part), workspace: workspace)
                : network.Predict(
                    Batch(Read<T>(file, tensor, shape, first, count), shape, shape.Features, part), workspace: workspace);
            for (int sequence = 0; sequence < count; sequence++)
            {
                predicted.GetSequence(sequence).CopyTo(result.AsSpan((first + sequence) * rows * size));
            }
        });
        int[] dimensions = [.. shape.IsOne ? (int[])[] : [shape.Sequences], .. perSequence ? (int[])[] : [shape.Steps], size];
        TensorFileWriter.SaveNpy<T>(target, dimensions, result);
        output.WriteLine($"{network}: {tensor} -> [{string.Join(", ", dimensions)}] in {target}");
    }

    private static FileTensor Only(TensorFile file, string path)
        => file.Tensors.Count == 1 ? file.Tensors[0] : throw new InvalidDataException(
            $"'{path}' has {file.Tensors.Count} arrays; one is read. Save the array alone with numpy.save.");

    private static int[] Lengths(string? path, SequenceShape shape)
    {
        int[] all = [.. Enumerable.Repeat(shape.Steps, shape.Sequences)];
        if (path is null)
        {
            return all;
        }

        using TensorFile file = TensorFile.Open(path);
        int[] lengths = file.Read<int>(Only(file, path));
        if (lengths.Length != shape.Sequences)
        {
            throw new InvalidDataException(
                $"'{path}' has {lengths.Length} lengths; the input has {shape.Sequences} sequences. Give a length for each.");
        }

        int wrong = Array.FindIndex(lengths, length => length < 0 || length > shape.Steps);
        return wrong < 0 ? lengths : throw new InvalidDataException(
            $"The length of sequence {wrong} in '{path}' is {lengths[wrong]}; the input has {shape.Steps} steps.");
    }

    private TValue[] Read<TValue>(TensorFile file, FileTensor tensor, SequenceShape shape, int first, int count)
        where TValue : unmanaged, INumberBase<TValue>
    {
        if (_values is not TValue[] values)
        {
            _values = values = file.Read<TValue>(tensor);
        }

        int size = shape.Steps * shape.Features;
        return values[(first * size)..((first + count) * size)];
    }

    private static SequenceBatch<TValue> Batch<TValue>(
        TValue[] values, SequenceShape shape, int features, ReadOnlySpan<int> lengths)
        where TValue : unmanaged
    {
        SequenceBatch<TValue> batch = new(features);
        batch.Fill(
            new ReadOnlyTensorSpan<TValue>(values, [lengths.Length, shape.Steps, features]), batchFirst: true, lengths);
        return batch;
    }

    // On a terminal a bar grows; in a file or a pipe it would be noise.
    private void Progress(int count, int step, Action<int, int> run)
    {
        if (!errors.Profile.Capabilities.Interactive || count <= step)
        {
            for (int first = 0; first < count; first += step)
            {
                run(first, Math.Min(step, count - first));
            }

            return;
        }

        errors.Progress().AutoClear(true).Start(context =>
        {
            ProgressTask task = context.AddTask("sequences", maxValue: count);
            for (int first = 0; first < count; first += step)
            {
                int part = Math.Min(step, count - first);
                run(first, part);
                task.Increment(part);
            }
        });
    }
}
