using System.Numerics;

namespace Lstm.Layers;

/// <summary>The layers of a pass as it runs them, each with what it leaves.</summary>
internal sealed class LayerRun<T>(IReadOnlyList<Layer<T>> layers, LayerTape<T>[] tapes)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public IReadOnlyList<Layer<T>> Layers => layers;

    public LayerTape<T>[] Tapes => tapes;

    /// <summary>The same computation, with layers that work step by step put together where an LSTM is among them: <see cref="RecomputedLayers{T}"/>.</summary>
    /// <param name="end">Layers from this one on stay by themselves.</param>
    public LayerRun<T> Recomputed(int end)
    {
        List<Layer<T>> all = [];
        List<LayerTape<T>> allTapes = [];
        for (int first = 0; first < layers.Count;)
        {
            int next = first;
            while (next < end && !layers[next].NeedsWholeSequence)
            {
                next++;
            }

            Layer<T>[] group = [.. layers.Skip(first).Take(next - first)];
            if (group.Any(layer => layer.StateCount > 0))
            {
                RecomputedLayers<T> joined = new(group, tapes[first..next]) { Name = group[^1].Name, Index = group[^1].Index, InputSize = group[0].InputSize };
                all.Add(joined);
                allTapes.Add(joined.CreateTape());
                first = next;
                continue;
            }

            all.Add(layers[first]);
            allTapes.Add(tapes[first]);
            first++;
        }

        return new LayerRun<T>(all, [.. allTapes]);
    }
}
