using System.Numerics;
using System.Text.Json;
using Lstm.Formats;
using Lstm.Keras.Files;
using Lstm.Parameters;
using Lstm.Specs;

namespace Lstm.Keras.Models;

/// <summary>Files of weights without an architecture, for layers that the caller describes.</summary>
internal static class SpecImport
{
    private static readonly JsonElement NoOptions = JsonText.Object("{}", "an empty object");

    /// <exception cref="InvalidDataException">The tensors do not fit the layers: all of them are listed.</exception>
    public static KerasImport<T> Read<T>(ModelFile file, KerasImportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (LayerSpec Spec, int StackLayer)[] wanted = [.. options.Layers.SelectMany(Expand)];
        (string Layer, List<WeightTensor> Tensors)[] groups = Groups(file.Weights, options, [.. wanted.Select(one => one.Spec)]);
        List<string> problems = [];
        if (groups.Length != wanted.Length)
        {
            IEnumerable<string> all = groups.Take(16)
                .Select(group => $"'{Shorten.Text(group.Layer)}' with {string.Join(", ", group.Tensors.Take(8))}");
            problems.Add(
                $"the layers with weights are {wanted.Length}, those of the file {groups.Length}: {string.Join("; ", all)}");
        }

        ImportRun.CheckPrecision<T>(groups.SelectMany(group => group.Tensors), problems, options);
        int inputs = groups is [(_, [{ Shape: [> 0 and var first, ..] }, ..]), ..] ? first : 0;
        if (problems.Count > 0 || inputs == 0)
        {
            throw Refusal(problems);
        }

        NetworkDraft<T> draft = new(inputs, options.Layers);
        List<PlannedLayer> layers = Plan(draft.Parameters, wanted, groups, problems);
        if (problems.Count > 0)
        {
            throw Refusal(problems);
        }

        PlanWriter<T>.Write(draft, layers);
        foreach (string line in file.Weights.Ignored)
        {
            draft.Ignored.Add(line);
        }

        ModelImport<T> import = ModelImport.Complete(draft, ImportRun.Format(file.Format, file.Version));
        return new KerasImport<T>(import.Network, import.Report, file.Version, null, null);
    }

    // One for each layer of the file.
    private static IEnumerable<(LayerSpec Spec, int StackLayer)> Expand(LayerSpec spec) => spec switch
    {
        LstmSpec lstm => Enumerable.Range(0, Math.Max(0, lstm.Layers)).Select(layer => (spec, layer)),
        DenseSpec or EmbeddingSpec or LayerNormSpec => [(spec, 0)],
        _ => [],
    };

    private static (string Layer, List<WeightTensor> Tensors)[] Groups(
        WeightStore weights, KerasImportOptions options, LayerSpec[] specs)
    {
        weights.Bind([]);
        if (options.Parts.Count == 0)
        {
            return [.. weights.For(specs)];
        }

        return [.. options.Parts.Select(part =>
        {
            List<WeightTensor> tensors = [.. weights.Of(new KerasLayer(part, string.Empty, NoOptions, []))];
            return tensors.Count > 0 ? (part, tensors)
                : throw new InvalidDataException(
                    $"The file has no layer '{Shorten.Text(part)}' with weights; it has " +
                    $"{string.Join(", ", weights.WithTensors.Take(24).Select(group => $"'{Shorten.Text(group.Layer)}'"))}.");
        })];
    }

    // What each tensor has to be is said by the parameters of the described layers.
    private static List<PlannedLayer> Plan(
        IReadOnlyList<Parameter> parameters, (LayerSpec Spec, int StackLayer)[] wanted,
        (string Layer, List<WeightTensor> Tensors)[] groups, List<string> problems)
    {
        Queue<string> names = new(parameters.Select(parameter => parameter.Name[..parameter.Name.LastIndexOf('.')]).Distinct());
        Dictionary<string, Parameter> byName = parameters.ToDictionary(parameter => parameter.Name);
        List<PlannedLayer> layers = [];
        string name = string.Empty;
        for (int i = 0; i < wanted.Length; i++)
        {
            (LayerSpec spec, int stackLayer) = wanted[i];
            name = stackLayer == 0 ? names.Dequeue() : name;
            KerasLayer source = new(groups[i].Layer, spec.GetType().Name, NoOptions, []);
            bool isCuDnn = spec is LstmSpec lstm && groups[i].Tensors is [_, _, { Shape: [var biases] }, ..]
                && biases == 8 * (long)lstm.HiddenSize;
            string weight = spec is LstmSpec ? FormattableString.Invariant($"weight_ih_l{stackLayer}") : "weight";
            int[] shape = [.. byName[$"{name}.{weight}"].Shape];
            int width = spec is LstmSpec or DenseSpec ? shape[1] : shape[0];
            WeightCheck.Compare(source, groups[i].Tensors, Tensors(spec, shape, isCuDnn), problems);
            layers.Add(new PlannedLayer(spec, source)
            {
                Tensors = groups[i].Tensors,
                Input = View.Of(width),
                Width = width,
                IsCuDnn = isCuDnn,
                StackLayer = stackLayer,
                Norm = (true, true),
            });
        }

        return layers;
    }

    private static List<(string, long[])> Tensors(LayerSpec spec, int[] shape, bool isCuDnn) => spec switch
    {
        LstmSpec lstm => WeightCheck.Lstm(lstm, lstm.Direction == LstmDirection.Bidirectional, isCuDnn, shape[1]),
        DenseSpec { Bias: true } => [("kernel", [shape[1], shape[0]]), ("bias", [shape[0]])],
        DenseSpec => [("kernel", [shape[1], shape[0]])],
        EmbeddingSpec => [("embeddings", [shape[0], shape[1]])],
        _ => [("gamma", [shape[0]]), ("beta", [shape[0]])],
    };

    private static InvalidDataException Refusal(List<string> problems) => new(
        $"The file's tensors do not fit KerasImportOptions.Layers: " +
        $"{(problems.Count > 0 ? string.Join("; ", problems) : "the first tensor has no inputs")}.");
}
