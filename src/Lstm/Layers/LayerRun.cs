using System.Numerics;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>The layers of a pass as it runs them, each with its part of the tape.</summary>
internal sealed unsafe class LayerRun<T>(IReadOnlyList<Layer<T>> layers, LayerTape<T>[] tapes)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public IReadOnlyList<Layer<T>> Layers => layers;

    public LayerTape<T>[] Tapes => tapes;

    // SAFETY: each layer gets rows that the layer before it has reserved in its tape (LayerTape.Prepare), or the input, whose
    // feature size PassChecks.CheckInput compares with the network's. Gradients between layers are reserved for these rows.
    /// <summary>Runs the layers forward; the result is on the last tape.</summary>
    public void Forward(in Pass<T> pass, Rows<T> input)
    {
        for (int i = 0; i < layers.Count; i++)
        {
            layers[i].Forward(pass, input, tapes[i]);
            input = tapes[i].OutputRows(layers[i].OutputSize);
        }
    }

    /// <summary>Goes back through the layers, last one first.</summary>
    /// <param name="pass">The forward pass.</param>
    /// <param name="input">What it read.</param>
    /// <param name="outputGradient">The gradient of its output; null if the run ends in a loss.</param>
    /// <param name="inputGradient">
    /// Overwritten with the gradient of <paramref name="input"/>; null when nobody asks for it.
    /// </param>
    /// <param name="between">The gradients between layers.</param>
    /// <param name="gradient">The flat gradient, which is added to.</param>
    public void Backward(
        in Pass<T> pass, Rows<T> input, T* outputGradient, T* inputGradient, LayerGradients<T> between, T* gradient)
    {
        for (int i = layers.Count - 1; i >= 0; i--)
        {
            Rows<T> x = InputOf(i, input);
            T* dx = i > 0 ? between.Of(i, x) : inputGradient;
            layers[i].Backward(pass, x, tapes[i], outputGradient, dx, gradient);
            outputGradient = dx;
        }
    }

    /// <summary>The input of a layer: what the layer before it has put out, or the run's own.</summary>
    public Rows<T> InputOf(int layer, Rows<T> input) => layer > 0 ? tapes[layer - 1].OutputRows(layers[layer].InputSize) : input;

    /// <summary>Writes the states after the last steps, once nothing can fail any more; does nothing for null.</summary>
    public void TakeFinalState(NetworkState<T>? state, in Pass<T> pass, SequenceShape shape)
    {
        if (state is null)
        {
            return;
        }

        for (int b = 0; b < shape.Count; b++)
        {
            state.Advance(pass.StateRows == null ? b : pass.StateRows[b], shape.Lengths[b]);
        }

        for (int i = 0; i < layers.Count; i++)
        {
            layers[i].TakeFinalState(tapes[i], state, pass.StateRows);
        }
    }

    /// <summary>The same layers with another one in the last one's place.</summary>
    public LayerRun<T> EndingIn(Layer<T> last)
        => new([.. layers.Take(layers.Count - 1), last], [.. tapes[..^1], last.CreateTape()]);

    /// <summary>
    /// The same computation, with layers that work step by step put together where an LSTM is among them:
    /// <see cref="RecomputedLayers{T}"/>.
    /// </summary>
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
                RecomputedLayers<T> joined = new(group, tapes[first..next])
                {
                    Name = group[^1].Name,
                    Index = group[^1].Index,
                    InputSize = group[0].InputSize,
                };
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
