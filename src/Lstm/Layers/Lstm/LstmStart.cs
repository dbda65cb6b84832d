using System.Numerics;
using Lstm.Cells;
using Lstm.Parameters;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>The starting values that a spec asks for of one direction's parameters; the initial state starts at zero.</summary>
internal sealed class LstmStart<T>(LstmSpec spec, LstmWeights weights)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int InputGate = 0;
    private const int ForgetGate = 1;

    private readonly int _units = spec.HiddenSize;
    private readonly bool _isUniform = spec.Initialization == LstmInitialization.PyTorchUniform;

    // Of PyTorch's uniform distribution.
    private readonly double _limit = 1 / Math.Sqrt(spec.HiddenSize);

    /// <summary>Draws and writes them.</summary>
    public void Write(ParameterStart<T> start)
    {
        WriteWeights(start);
        WriteNorms(start);
        WriteCellWeights(start);
        foreach (Parameter variance in weights.Statistics.Where((_, i) => i % 2 == 1))
        {
            start.Constant(variance, 1, 0, variance.Count);
        }

        WriteBiases(start);
    }

    private void WriteWeights(ParameterStart<T> start)
    {
        int blocks = spec.Initialization == LstmInitialization.Keras ? 1 : 4;
        if (_isUniform)
        {
            start.Uniform(weights.WeightIh, _limit);
            start.Uniform(weights.WeightHh, _limit);
        }
        else
        {
            start.Glorot(weights.WeightIh, blocks);
            start.Orthogonal(weights.WeightHh, blocks);
        }

        foreach ((Parameter? weight, int parts) in new[] { (weights.Projection, 1), (weights.GateRecurrence, 3) })
        {
            if (_isUniform && weight is not null)
            {
                start.Uniform(weight, _limit);
            }
            else if (weight is not null)
            {
                start.Glorot(weight, parts);
            }
        }

        // Otherwise peepholes start at zero: as an LSTM without them.
        if (_isUniform && weights.Peephole is not null)
        {
            start.Uniform(weights.Peephole, _limit);
        }
    }

    private void WriteNorms(ParameterStart<T> start)
    {
        // Cooijmans et al. 2017: with 1, tanh would be saturated from the start where a batch's statistics say so.
        double gamma = spec.Normalization is BatchNormalization ? 0.1 : 1;
        foreach (Parameter? weight in new[] { weights.NormIh, weights.NormHh, weights.NormC })
        {
            if (weight is not null)
            {
                start.Constant(weight, gamma, 0, weight.Count);
            }
        }
    }

    private void WriteCellWeights(ParameterStart<T> start)
    {
        for (int w = 0; w < weights.CellWeights.Length; w++)
        {
            int weight = w;
            start.Each(weights.CellWeights[w], unit => spec.CustomCell!.Code.StartOf(weight, unit, _units));
        }
    }

    private void WriteBiases(ParameterStart<T> start)
    {
        foreach (Parameter bias in weights.Biases.Where(_ => _isUniform))
        {
            start.Uniform(bias, _limit);
        }

        if (spec.MemorySpan is int span)
        {
            double[] logs = start.NextLogs(_units, span - 1);
            if (spec.Cell.Gates.HasFlag(LstmGates.Input))
            {
                WriteGate(start, InputGate, Array.ConvertAll(logs, log => -log));
            }

            if (!spec.Equations.CoupledGates)
            {
                WriteGate(start, ForgetGate, logs);
            }
        }
        else if (weights.Biases.Length > 0 && (spec.ForgetBias ?? (_isUniform ? null : 1)) is double forget)
        {
            // A forget gate that is 1 − i = σ(−zᵢ) has the input gate's bias, the other way round.
            double[] values = [.. Enumerable.Repeat(spec.Equations.CoupledGates ? -forget : forget, _units)];
            WriteGate(start, spec.Equations.CoupledGates ? InputGate : ForgetGate, values);
        }
    }

    // The first bias gets the values; a second one must not add to them.
    private void WriteGate(ParameterStart<T> start, int gate, double[] values)
    {
        start.Set(weights.Biases[0], gate * _units, values);
        foreach (Parameter second in weights.Biases.Skip(1))
        {
            start.Constant(second, 0, gate * _units, _units);
        }
    }
}
