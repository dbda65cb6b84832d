using System.Numerics;

namespace Lstm.Layers;

/// <summary>The layers of a pass as it runs them, each with what it leaves.</summary>
internal sealed class LayerRun<T>(IReadOnlyList<Layer<T>> layers, LayerRecord<T>[] records)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public IReadOnlyList<Layer<T>> Layers => layers;

    public LayerRecord<T>[] Records => records;

    /// <summary>The same computation, with layers that work step by step put together where an LSTM is among them: <see cref="RecomputedLayers{T}"/>.</summary>
    /// <param name="end">Layers from this one on stay by themselves.</param>
    public LayerRun<T> Recomputed(int end)
    {
        List<Layer<T>> all = [];
        List<LayerRecord<T>> kept = [];
        for (int first = 0; first < layers.Count;)
        {
            int next = first;
            while (next < end && !layers[next].NeedsWholeSequence)
            {
                next++;
            }

            Layer<T>[] group = [.. layers.Skip(first).Take(next - first)];
            if (group.Any(layer => layer.Recurrent is not null))
            {
                RecomputedLayers<T> joined = new(group, records[first..next]) { Name = group[^1].Name, Index = group[^1].Index, InputSize = group[0].InputSize };
                all.Add(joined);
                kept.Add(joined.CreateRecord());
                first = next;
                continue;
            }

            all.Add(layers[first]);
            kept.Add(records[first]);
            first++;
        }

        return new LayerRun<T>(all, [.. kept]);
    }
}
