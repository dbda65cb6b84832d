using System.Numerics.Tensors;
using Lstm.Cells;
using Lstm.Diagnostics;
using Lstm.Specs;
using Lstm.Tests.Support;

namespace Lstm.Tests.Layers;

/// <summary>What lies between the units' outputs and the next step, against the plain cell and equations by hand.</summary>
public class RecurrenceOptionTests
{
    private const int Inputs = 3;
    private const int Units = 40;
    private const double Rate = 0.3;
    private const double Scale = 1 / (1 - Rate);

    [Fact]
    public void Zoneout_outside_training_mixes_old_and_new_values_in_its_shares()
    {
        (LstmStep<double> zoned, LstmStep<double> plain, double[] h, double[] c) =
            Steps(new(Units) { Regularization = new() { HiddenZoneout = 0.2, CellZoneout = Rate } }, training: false);
        Close.Relative<double>(Mix(0.2, h, plain.Hidden), zoned.Hidden, 1e-12, "h");
        Close.Relative<double>(Mix(Rate, c, plain.Cell), zoned.Cell, 1e-12, "c");
    }

    [Fact]
    public void Zoneout_while_training_keeps_old_values_exactly_and_at_its_rate()
    {
        (LstmStep<double> zoned, LstmStep<double> plain, double[] h, double[] c) =
            Steps(new(Units) { Regularization = new() { HiddenZoneout = Rate, CellZoneout = Rate } }, training: true);
        bool[] keptH = Kept(h, plain.Hidden, zoned.Hidden), keptC = Kept(c, plain.Cell, zoned.Cell);
        Assert.InRange(keptH.Average(kept => kept ? 1.0 : 0), 0.2, 0.4);
        Assert.InRange(keptC.Average(kept => kept ? 1.0 : 0), 0.2, 0.4);
        Assert.NotEqual(keptH, keptC);
    }

    [Fact]
    public void RecurrentDropout_hides_the_same_units_at_each_step_of_a_sequence_and_shows_them_in_the_output()
    {
        // z of the candidate is what the step sees of the unit's own h; the other gates are open half.
        Network<double> network = Sample.Network<double>(1, Inputs, new LstmSpec(Units)
        {
            Regularization = new() { RecurrentDropout = Rate },
        });
        double[] weights = new double[4 * Units * Units];
        for (int u = 0; u < Units; u++)
        {
            weights[(((2 * Units) + u) * Units) + u] = 1;
        }

        Write(network, "lstm.weight_hh_l0", weights);
        Write(network, "lstm.bias_ih_l0", new double[4 * Units]);
        double[] start = Sample.Values<double>(50, 2 * Units);
        Write(network, "lstm.weight_ih_l0", new double[4 * Units * Inputs]);
        NetworkState<double> state = network.CreateState(2);
        start.CopyTo(state.Hidden(0));
        (double[,][] g, double[,][] h) = Trace(network, 2, 6, state);
        HashSet<string> masks = [];
        for (int b = 0; b < 2; b++)
        {
            bool[]? first = null;
            for (int t = 0; t < 6; t++)
            {
                ReadOnlySpan<double> before = t == 0 ? start.AsSpan(b * Units, Units) : h[b, t - 1];
                bool[] hidden = new bool[Units];
                for (int u = 0; u < Units; u++)
                {
                    hidden[u] = g[b, t][u] == 0;
                    Assert.True(hidden[u] || Math.Abs(g[b, t][u] - Math.Tanh(before[u] * Scale)) < 1e-12);
                }

                Assert.Equal(first ??= hidden, hidden);
            }

            Assert.InRange(first!.Average(kept => kept ? 1.0 : 0), 0.1, 0.5);
            masks.Add(string.Join(',', first!));
        }

        Assert.Equal(2, masks.Count);
    }

    [Fact]
    public void CandidateDropout_keeps_what_the_cell_holds_and_drops_others_at_each_step()
    {
        Network<double> network = Sample.Network<double>(1, Inputs, new LstmSpec(Units)
        {
            Cell = new LstmEquations { CandidateDropout = Rate },
        });
        using Tape<double> tape = network.CreateTape();
        network.Forward(Sample.Batch<double>(1, Inputs, 5), tape);
        GateTrace<double> trace = new(network);
        trace.Read(tape);
        LayerGates<double> gates = trace.Layers[0];
        HashSet<string> masks = [];
        for (int t = 0; t < 5; t++)
        {
            bool[] dropped = new bool[Units];
            for (int u = 0; u < Units; u++)
            {
                double stays = t == 0 ? 0 : gates.ForgetGate[0, t][u] * gates.Cell[0, t - 1][u];
                double enters = gates.InputGate[0, t][u] * gates.Candidate[0, t][u] * Scale;
                dropped[u] = Math.Abs(gates.Cell[0, t][u] - stays) < 1e-14;
                Assert.True(dropped[u] || Math.Abs(gates.Cell[0, t][u] - stays - enters) < 1e-13);
            }

            Assert.InRange(dropped.Average(kept => kept ? 1.0 : 0), 0.05, 0.6);
            masks.Add(string.Join(',', dropped));
        }

        Assert.Equal(5, masks.Count);
    }

    [Fact]
    public void WeightDropout_drops_weights_for_a_whole_pass_and_others_in_the_next()
    {
        Network<double> network = Sample.Network<double>(1, Inputs, new LstmSpec(Units)
        {
            Regularization = new() { WeightDropout = Rate },
        });
        Write(network, "lstm.weight_ih_l0", new double[4 * Units * Inputs]);
        Write(network, "lstm.bias_ih_l0", new double[4 * Units]);
        double[] weights = new double[4 * Units * Units];
        network.ReadParameter("lstm.weight_hh_l0").FlattenTo(weights);
        using Tape<double> tape = network.CreateTape();
        GateTrace<double> trace = new(network);
        bool[][] passes = new bool[2][];
        for (int pass = 0; pass < 2; pass++)
        {
            // Sequence k has the unit vector k as its h: the candidates are the weights' column k.
            NetworkState<double> state = network.CreateState(Units);
            for (int k = 0; k < Units; k++)
            {
                state.Hidden(0)[(k * Units) + k] = 1;
            }

            network.Forward(Sample.Batch<double>(1, Inputs, [.. Enumerable.Repeat(1, Units)]), state, tape);
            trace.Read(tape);
            passes[pass] = new bool[Units * Units];
            for (int i = 0; i < Units * Units; i++)
            {
                (int k, int u) = Math.DivRem(i, Units);
                double g = trace.Layers[0].Candidate[k, 0][u], weight = weights[(((2 * Units) + u) * Units) + k];
                passes[pass][i] = g == 0;
                Assert.True(g == 0 || Math.Abs(g - Math.Tanh(weight * Scale)) < 1e-12);
            }

            Assert.InRange(passes[pass].Average(kept => kept ? 1.0 : 0), 0.27, 0.33);
        }

        Assert.NotEqual(passes[0], passes[1]);
    }

    [Fact]
    public void InputDropout_drops_the_same_inputs_at_each_step()
    {
        // The sums of two steps that have the same input differ only by what h adds, and that has no weights.
        Network<double> network = Sample.Network<double>(1, 50, new LstmSpec(Units)
        {
            Regularization = new() { InputDropout = Rate },
        });
        Write(network, "lstm.weight_hh_l0", new double[4 * Units * Units]);
        double[] x = Sample.Values<double>(5, 50);
        using Tape<double> tape = network.CreateTape();
        network.Forward(SequenceBatch.FromSequences<double>([[.. x, .. x, .. x], [.. x]], 50), tape);
        GateTrace<double> trace = new(network);
        trace.Read(tape);
        SequenceBatch<double> g = trace.Layers[0].Candidate;
        Assert.Equal(g[0, 0].ToArray(), g[0, 2].ToArray());
        Assert.NotEqual(g[0, 0].ToArray(), g[1, 0].ToArray());
    }

    [Fact]
    public void TruncatedGradient_flows_back_along_the_cell_alone()
    {
        LstmSpec spec = new(Units) { Cell = new LstmEquations { ForgetGate = false } };
        Network<double> truncated = Sample.Network<double>(1, Inputs, spec with { TruncatedGradient = true }),
            full = Sample.Network<double>(1, Inputs, spec with
            {
                Name = "cell",
            });
        SequenceBatch<double> batch = Sample.Batch<double>(1, Inputs, 3);
        using Tape<double> tape = truncated.CreateTape();
        truncated.Forward(batch, tape);
        double[] dy = Sample.Values<double>(7, 3 * Units);
        dy.CopyTo(tape.OutputGradient.Rows);
        Gradient<double> gradient = truncated.CreateGradient();
        truncated.Backward(tape, gradient);

        LstmCell<double> cell = new(full);
        LstmStep<double>[] steps = [.. Enumerable.Range(0, 3).Select(_ => cell.CreateStep())];
        double[] h = new double[Units], c = new double[Units];
        for (int t = 0; t < 3; t++)
        {
            cell.Forward(batch[0, t], h, c, steps[t]);
            (h, c) = (steps[t].Hidden.ToArray(), steps[t].Cell.ToArray());
        }

        Gradient<double> expected = full.CreateGradient();
        double[] dc = new double[Units];
        for (int t = 2; t >= 0; t--)
        {
            cell.Backward(steps[t], dy.AsSpan(t * Units, Units), dc, expected);
            dc = steps[t].CellGradient.ToArray();
        }

        Close.Relative<double>(expected.Flat, gradient.Flat, 1e-12, "parameters");
    }

    [Fact]
    public void TruncatedGradient_stops_at_peepholes_and_at_gates_that_see_gates()
    {
        LstmSpec spec = new(Units)
        {
            Cell = new LstmEquations { Peephole = true, GateRecurrence = true },
            TruncatedGradient = true,
        };
        LstmCell<double> cell = new(Sample.Network<double>(1, Inputs, spec));
        LstmStep<double> step = cell.CreateStep();
        double[] c = Sample.Values<double>(4, Units), dc = Sample.Values<double>(6, Units);
        cell.Forward(Sample.Values<double>(2, Inputs), Sample.Values<double>(3, cell.HiddenSize), c, step);
        GateTrace<double> trace = new(cell.Network);
        trace.Read(step.Tape);
        double[] forget = trace.Layers[0].ForgetGate[0, 0].ToArray();

        // Gates are part of the hidden state, so that their gradient comes in from a later step: it goes into this step's gates,
        // and no further.
        double[] dh = Sample.Values<double>(5, cell.HiddenSize);
        dh.AsSpan(0, Units).Clear();
        cell.Backward(step, dh, dc, cell.CreateGradient());
        Assert.All(step.HiddenGradient.ToArray(), value => Assert.Equal(0, value));
        Close.Relative<double>(dc.Zip(forget, (d, f) => d * f).ToArray(), step.CellGradient, 1e-14, "dc");
    }

    [Fact]
    public void The_final_gates_gradient_of_a_truncated_one_reaches_the_last_step_only()
    {
        Network<double> network = Sample.Network<double>(1, Inputs, new LstmSpec(Units)
        {
            Cell = new LstmEquations { GateRecurrence = true },
            TruncatedGradient = true,
        });
        NetworkState<double> final = network.CreateState(1);
        Sample.Values<double>(5, 3 * Units).CopyTo(final.Hidden(0)[Units..]);
        using Tape<double> tape = network.CreateTape();
        tape.FinalStateGradient = final;
        network.Forward(Sample.Batch<double>(1, Inputs, 4), tape);
        tape.OutputGradient.Rows.Clear();
        network.Backward(tape, network.CreateGradient());
        GradientTrace<double> trace = new(network);
        trace.Read(tape);
        Assert.Equal([0, 0, 0], Enumerable.Range(0, 3).Select(trace.Layers[0].At));
        Assert.NotEqual(0, trace.Layers[0].At(3));
        Assert.All(tape.InitialStateGradient.Hidden(0).ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void An_evaluation_after_a_training_pass_goes_back_through_undropped_weights()
    {
        Network<double> network = Sample.Network<double>(1, Inputs, new LstmSpec(Units)
        {
            Regularization = new() { WeightDropout = 0.5 },
        });
        SequenceBatch<double> batch = Sample.Batch<double>(1, Inputs, 5);
        using Tape<double> used = network.CreateTape(), fresh = network.CreateTape();
        Backward(used, training: true);
        Close.SameBits<double>(Backward(fresh, training: false), Backward(used, training: false), "input gradient");

        double[] Backward(Tape<double> tape, bool training)
        {
            tape.Training = training;
            network.Forward(batch, tape);
            tape.OutputGradient.Rows.Fill(1);
            network.Backward(tape, network.CreateGradient());
            return tape.InputGradient.Rows.ToArray();
        }
    }

    [Fact]
    public void GateRecurrence_adds_the_previous_gates_to_the_gates_and_is_part_of_the_state()
    {
        Network<double> network = Sample.Network<double>(1, Inputs, new LstmSpec(2)
        {
            Cell = new LstmEquations { GateRecurrence = true },
        });
        Assert.Equal(new StateSize(8, 2), network.CreateState(1).Sizes[0]);
        double[] w = Read(network, "lstm.weight_ih_l0"), r = Read(network, "lstm.weight_hh_l0"),
            gg = Read(network, "lstm.weight_gg_l0"), b = Read(network, "lstm.bias_ih_l0");
        SequenceBatch<double> batch = Sample.Batch<double>(1, Inputs, 4);
        double[] h = new double[2], c = new double[2], gates = new double[6];
        SequenceBatch<double> output = network.Predict(batch);
        for (int t = 0; t < 4; t++)
        {
            double[] z = new double[8];
            for (int j = 0; j < 8; j++)
            {
                z[j] = b[j];
                for (int k = 0; k < Inputs; k++)
                {
                    z[j] += w[(j * Inputs) + k] * batch[0, t][k];
                }

                z[j] += (r[j * 2] * h[0]) + (r[(j * 2) + 1] * h[1]);
                int row = j < 4 ? j : j - 2;
                for (int k = 0; k < 6 && (j is < 4 or >= 6); k++)
                {
                    z[j] += gg[(row * 6) + k] * gates[k];
                }
            }

            for (int u = 0; u < 2; u++)
            {
                (double i, double f, double o) = (Sigmoid(z[u]), Sigmoid(z[2 + u]), Sigmoid(z[6 + u]));
                c[u] = (f * c[u]) + (i * Math.Tanh(z[4 + u]));
                h[u] = o * Math.Tanh(c[u]);
                (gates[u], gates[2 + u], gates[4 + u]) = (i, f, o);
            }

            Close.Relative<double>(h, output[0, t], 1e-13, $"h {t}");
        }
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double[] Mix(double rate, double[] before, ReadOnlySpan<double> after)
        => [.. before.Zip(after.ToArray(), (a, b) => (rate * a) + ((1 - rate) * b))];

    private static bool[] Kept(double[] before, ReadOnlySpan<double> computed, ReadOnlySpan<double> zoned)
    {
        bool[] kept = new bool[before.Length];
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = zoned[i] == before[i];
            Assert.True(kept[i] || zoned[i] == computed[i]);
        }

        return kept;
    }

    // One step of a cell with an option and of one without, from the same states with the same parameters.
    private static (LstmStep<double> With, LstmStep<double> Without, double[] H, double[] C) Steps(LstmSpec spec, bool training)
    {
        const int count = 5;
        double[] x = Sample.Values<double>(3, count * Inputs), h = Sample.Values<double>(4, count * Units),
            c = Sample.Values<double>(5, count * Units);
        LstmStep<double>[] steps = [.. new[] { spec, new LstmSpec(spec.HiddenSize) }.Select(variant =>
        {
            LstmCell<double> cell = new(Sample.Network<double>(1, Inputs, variant));
            LstmStep<double> step = cell.CreateStep(count);
            step.Training = training;
            cell.Forward(x, h, c, step);
            return step;
        })];
        return (steps[0], steps[1], h, c);
    }

    // The candidates and hidden states of a training pass.
    private static (double[,][] G, double[,][] H) Trace(Network<double> network, int count, int steps, NetworkState<double> state)
    {
        using Tape<double> tape = network.CreateTape();
        network.Forward(Sample.Batch<double>(1, Inputs, [.. Enumerable.Repeat(steps, count)]), state, tape);
        GateTrace<double> trace = new(network);
        trace.Read(tape);
        double[,][] g = new double[count, steps][], h = new double[count, steps][];
        for (int b = 0; b < count; b++)
        {
            for (int t = 0; t < steps; t++)
            {
                g[b, t] = trace.Layers[0].Candidate[b, t].ToArray();
                h[b, t] = trace.Layers[0].Hidden[b, t].ToArray();
            }
        }

        return (g, h);
    }

    private static double[] Read(Network<double> network, string name)
    {
        Tensor<double> tensor = network.ReadParameter(name);
        double[] values = new double[(int)tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

    private static void Write(Network<double> network, string name, double[] values)
        => network.WriteParameter(name, Tensor.Create(values, [.. network.ReadParameter(name).Lengths]));
}
