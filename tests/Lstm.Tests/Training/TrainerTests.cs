using Lstm.Cells;
using Lstm.Parameters;
using Lstm.Specs;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

public class TrainerTests
{
    internal static readonly LayerSpec[] Specs = [new LstmSpec(6) { Layers = 2, Dropout = 0.2 }, new DenseSpec(2)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Fit_gives_the_bits_of_the_loop_by_hand(int workers)
    {
        List<TrainingBatch<float>> batches = Batches(3);
        Network<float> expected = Network.Create<float>(3, 7, Specs);
        Network<float> actual = expected.Clone();
        MeanSquaredError<float> loss = new();
        Adam<float> optimizer = new(0.01);
        GradientClip clip = GradientClip.ByGlobalNorm(0.1);
        double last = 0;
        using (Tape<float> tape = expected.CreateTape())
        {
            Gradient<float> gradient = expected.CreateGradient();
            for (int epoch = 0; epoch < 3; epoch++)
            {
                foreach (TrainingBatch<float> batch in batches)
                {
                    NetworkState<float> state = expected.CreateState(batch.Input.Features!.Count);
                    gradient.Clear();
                    SequenceBatch<float> output = expected.Forward(batch.Input, state, tape);
                    last = loss.Evaluate(output, batch.Target.Values!, tape.OutputGradient);
                    expected.Backward(tape, gradient);
                    clip.Apply(gradient);
                    optimizer.Step(expected, gradient);
                }
            }
        }

        Trainer<float> trainer = new(actual, loss, new Adam<float>(0.01)) { Clip = clip };
        Seen seen = new();
        trainer.Fit(batches, new TrainingOptions { Epochs = 3, Shuffle = Shuffle.None, Workers = workers }, progress: seen);
        Close.SameBits<float>(expected.Flat, actual.Flat, "parameters");
        Assert.Equal(last, seen.All[^2].Loss);
    }

    [Fact]
    public void Fit_truncated_gives_the_bits_of_the_loop_by_hand()
    {
        List<TrainingBatch<float>> batches = Batches(2);
        Network<float> expected = Network.Create<float>(3, 7, Specs);
        Network<float> actual = expected.Clone();
        MeanSquaredError<float> loss = new();
        Sgd<float> optimizer = new(0.1, 0.9);
        using (Tape<float> tape = expected.CreateTape())
        {
            Gradient<float> gradient = expected.CreateGradient();
            for (int b = 0; b < batches.Count; b++)
            {
                NetworkState<float> state = expected.CreateState(batches[b].Input.Features!.Count);
                for (int first = 0; first < batches[b].Input.Features!.StepCount; first += 4)
                {
                    gradient.Clear();
                    SequenceBatch<float> input = new(3), target = new(2);
                    input.View(batches[b].Input.Features!, first, 4);
                    target.View(batches[b].Target.Values!, first, 4);
                    tape.DropoutDraw = b;
                    SequenceBatch<float> output = expected.Forward(input, state, tape);
                    loss.Evaluate(output, target, tape.OutputGradient);
                    expected.Backward(tape, gradient);
                    optimizer.Step(expected, gradient);
                }
            }
        }

        Trainer<float> trainer = new(actual, loss, new Sgd<float>(0.1, 0.9));
        TrainingResult result = trainer.Fit(batches, new TrainingOptions
        {
            Shuffle = Shuffle.None,
            TruncateAfter = 4,
            Workers = 1,
        });
        Close.SameBits<float>(expected.Flat, actual.Flat, "parameters");
        Assert.Equal(2 * 3, result.Steps);
    }

    // Windows of 3 + 2 steps: the loss of the last 3 steps goes back through all 5, and the state before them comes from the
    // window before.
    [Theory]
    [InlineData(3, 5, null)]
    [InlineData(1, 4, null)]
    [InlineData(3, 7, 2)]
    [InlineData(4, 100, null)]
    public void Fit_of_overlapping_segments_gives_the_bits_of_the_loop_by_hand(int every, int back, int? recompute)
    {
        // With 80 sequences each of the first steps can be a segment.
        List<TrainingBatch<float>> batches = Batches(2, recompute is null ? 1 : 40);
        Network<float> expected = Network.Create<float>(3, 7, Specs);
        Network<float> actual = expected.Clone();
        MeanSquaredError<float> loss = new();
        Sgd<float> optimizer = new(0.1, 0.9);
        double sum = 0, count = 0;
        using (Tape<float> tape = expected.CreateTape())
        {
            Gradient<float> gradient = expected.CreateGradient();
            for (int b = 0; b < batches.Count; b++)
            {
                // The state before each step that a later window begins with.
                Dictionary<int, NetworkState<float>> states = new()
                {
                    [0] = expected.CreateState(batches[b].Input.Features!.Count),
                };
                for (int first = 0; first < batches[b].Input.Features!.StepCount; first += every)
                {
                    int start = Math.Max(0, first + every - back), next = Math.Max(0, first + (2 * every) - back);
                    SequenceBatch<float> input = new(3);
                    NetworkState<float> state = states[start].Clone();
                    input.View(batches[b].Input.Features!, start, next - start);
                    tape.DropoutDraw = b;
                    expected.Forward(input, state, tape);
                    states[next] = state;

                    input.View(batches[b].Input.Features!, start, first + every - start);
                    tape.DropoutDraw = b;
                    SequenceBatch<float> output = expected.Forward(input, states[start].Clone(), tape);
                    SequenceBatch<float> fresh = From(output, first - start, int.MaxValue),
                        target = From(batches[b].Target.Values!, first, every), freshGradient = new(2);
                    freshGradient.Reshape(fresh.Lengths);
                    sum += loss.Evaluate(fresh, target, freshGradient) * fresh.RowCount;
                    count += fresh.RowCount;
                    tape.OutputGradient.Rows.Clear();
                    for (int i = 0; i < fresh.Count; i++)
                    {
                        for (int t = 0; t < fresh.Lengths[i]; t++)
                        {
                            freshGradient[i, t].CopyTo(tape.OutputGradient[i, first - start + t]);
                        }
                    }

                    gradient.Clear();
                    expected.Backward(tape, gradient);
                    optimizer.Step(expected, gradient);
                }
            }
        }

        Trainer<float> trainer = new(actual, loss, new Sgd<float>(0.1, 0.9));
        TrainingOptions options = new()
        {
            Shuffle = Shuffle.None,
            StepEvery = every,
            TruncateAfter = back,
            RecomputeEvery = recompute,
            Workers = 2,
        };
        TrainingResult result = trainer.Fit(batches, options);
        Close.SameBits<float>(expected.Flat, actual.Flat, "parameters");
        Assert.Equal(batches.Sum(batch => (batch.Input.Features!.StepCount + every - 1) / every), result.Steps);
        Assert.Equal(sum / count, result.Loss!.Value, 1e-12);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_with_a_step_after_each_segment_is_truncation(bool carries)
    {
        TrainingBatch<float>[] batches = [.. Batches(3)];
        Network<float> cut = Network.Create<float>(3, 7, Specs);
        Network<float> both = cut.Clone();
        TrainingOptions options = new() { Epochs = 2, TruncateAfter = 4, CarryState = carries };
        double? loss = new Trainer<float>(cut, new MeanSquaredError<float>(), new Adam<float>()).Fit(batches, options).Loss;
        Assert.Equal(
            loss, new Trainer<float>(both, new MeanSquaredError<float>(), new Adam<float>())
            .Fit(batches, options with { StepEvery = 4 }).Loss);
        Close.SameBits<float>(cut.Flat, both.Flat, "parameters");
    }

    [Fact]
    public void Fit_carrying_state_over_overlapping_segments_goes_on_from_the_last_steps()
    {
        TrainingBatch<double> batch = Batch<double>(1, [6, 4]);
        Network<double> network = Network.Create<double>(3, 7, new LstmSpec(4), new DenseSpec(2));
        foreach (Parameter parameter in network.Parameters)
        {
            network.SetTrainable(parameter.Name, false);
        }

        Trainer<double> trainer = new(network, new MeanSquaredError<double>(), new Sgd<double>(0.1));
        trainer.Fit([batch, batch], new TrainingOptions { CarryState = true, StepEvery = 2, TruncateAfter = 5 });
        NetworkState<double> state = network.CreateState(2);
        network.Predict(batch.Input.Features!, state);
        network.Predict(batch.Input.Features!, state);
        Close.SameBits(Sample.Flat(state), Sample.Flat(trainer.State.CarriedState!), "states");
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(3, null)]
    [InlineData(2, 5)]
    public void Fit_computing_again_gives_the_same_bits(int every, int? truncate)
    {
        List<TrainingBatch<float>> batches = Batches(3, 40);
        Network<float> whole = Network.Create<float>(3, 7, Specs);
        Network<float> again = whole.Clone();
        TrainingOptions options = new() { Epochs = 2, TruncateAfter = truncate, Workers = 1 };
        new Trainer<float>(whole, new MeanSquaredError<float>(), new Adam<float>()).Fit(batches, options);
        new Trainer<float>(again, new MeanSquaredError<float>(), new Adam<float>()).Fit(batches, options with
        {
            RecomputeEvery = every,
            Workers = 3,
        });
        Close.SameBits<float>(whole.Flat, again.Flat, "parameters");
    }

    [Fact]
    public void Fit_twice_of_five_epochs_is_once_of_ten_on_any_workers()
    {
        List<TrainingBatch<float>> batches = Batches(4);
        Network<float> once = Network.Create<float>(3, 7, Specs);
        Network<float> twice = once.Clone();
        new Trainer<float>(once, new MeanSquaredError<float>(), new Adam<float>()).Fit(batches, new TrainingOptions
        {
            Epochs = 10,
            Workers = 1,
            Seed = 3,
        });
        Trainer<float> trainer = new(twice, new MeanSquaredError<float>(), new Adam<float>());
        trainer.Fit(batches, new TrainingOptions { Epochs = 5, Workers = 2, Seed = 3 });
        trainer.Fit(batches, new TrainingOptions { Epochs = 5, Workers = 1, Seed = 3 });
        Close.SameBits<float>(once.Flat, twice.Flat, "parameters");
        Assert.Equal(new TrainingPosition(10, 0, 40), trainer.Position);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void Fit_cancelled_within_an_epoch_goes_on_to_the_same_bits(bool carries, int accumulate)
    {
        List<TrainingBatch<float>> batches = Batches(5);
        Network<float> whole = Network.Create<float>(3, 7, Specs);
        Network<float> parts = whole.Clone();
        TrainingOptions options = new() { Epochs = 3, Workers = 1, CarryState = carries, AccumulateBatches = accumulate };
        new Trainer<float>(whole, new MeanSquaredError<float>(), new Adam<float>()).Fit(batches, options);

        Trainer<float> trainer = new(parts, new MeanSquaredError<float>(), new Adam<float>());
        using CancellationTokenSource source = new();
        Seen stop = new() { Then = p => { if (p.Epoch == 2 && p.Batch == 3) { source.Cancel(); } } };
        Assert.Throws<OperationCanceledException>(
            () => trainer.Fit(batches, options, progress: stop, cancellationToken: source.Token));
        Assert.Equal(new TrainingPosition(1, accumulate == 1 ? 3 : 2, accumulate == 1 ? 8 : 7), trainer.Position);
        trainer.Fit(batches, options with { Epochs = 2 });
        Close.SameBits<float>(whole.Flat, parts.Flat, "parameters");
    }

    [Fact]
    public void Fit_accumulating_equal_batches_is_one_of_them()
    {
        TrainingBatch<double> batch = Batch<double>(1, [3, 5]);
        Network<double> one = Network.Create<double>(3, 7, new LstmSpec(4), new DenseSpec(2));
        Network<double> four = one.Clone();
        new Trainer<double>(one, new MeanSquaredError<double>(), new Sgd<double>(0.5)).Fit([batch], new TrainingOptions());
        TrainingResult result = new Trainer<double>(four, new MeanSquaredError<double>(), new Sgd<double>(0.5))
            .Fit([batch, batch, batch, batch], new TrainingOptions { AccumulateBatches = 4 });
        Close.Relative<double>(one.Flat, four.Flat, 1e-12, "parameters");
        Assert.Equal(1, result.Steps);
    }

    [Fact]
    public void Fit_carrying_state_is_truncation_of_the_joined_batch()
    {
        TrainingBatch<double> joined = Batch<double>(1, [8, 8]);
        Network<double> cut = Network.Create<double>(3, 7, new LstmSpec(4), new DenseSpec(2));
        Network<double> carried = cut.Clone();
        List<TrainingBatch<double>> parts = [];
        for (int first = 0; first < 8; first += 4)
        {
            SequenceBatch<double> input = new(3), target = new(2);
            input.View(joined.Input.Features!, first, 4);
            target.View(joined.Target.Values!, first, 4);
            parts.Add(new TrainingBatch<double>(input, target));
        }

        new Trainer<double>(cut, new MeanSquaredError<double>(), new Adam<double>()).Fit([joined], new TrainingOptions
        {
            Epochs = 3,
            TruncateAfter = 4,
        });
        new Trainer<double>(carried, new MeanSquaredError<double>(), new Adam<double>()).Fit(parts, new TrainingOptions
        {
            Epochs = 3,
            CarryState = true,
        });
        Close.SameBits<double>(cut.Flat, carried.Flat, "parameters");
    }

    [Fact]
    public void Fit_learns_and_stops_early_at_the_best_parameters()
    {
        List<TrainingBatch<float>> batches = Batches(2);
        Network<float> network = Network.Create<float>(3, 7, new LstmSpec(16), new DenseSpec(2));
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>(0.02));
        List<TrainingBatch<float>> validation = [Batch<float>(99, [7, 7])];
        TrainingOptions options = new() { Epochs = 500, Patience = 10, RestoreBest = true };
        TrainingResult result = trainer.Fit(batches, options, validation);
        Assert.True(result.StoppedEarly);
        Assert.Equal(result.BestEpoch!.Value + 10, result.Epochs.Count);
        Assert.True(result.Loss < 0.8 * result.Epochs[0].Loss, $"{result.Epochs[0].Loss} became {result.Loss}.");
        Assert.Equal(result.Best!.Value.ValidationLoss, trainer.Evaluate(validation).Loss);
        Assert.Equal(
            result.Epochs.Min(epoch => epoch.ValidationLoss),
            trainer.Evaluate(validation, new EvaluationOptions { Workers = 1 }).Loss);
    }

    [Fact]
    public void Fit_of_a_gradient_that_is_not_finite_throws_or_skips()
    {
        TrainingBatch<float> good = Batch<float>(1, [3]);
        TrainingBatch<float> bad = Batch<float>(2, [3]);
        bad.Input.Features!.Rows[1] = float.NaN;
        Network<float> network = Network.Create<float>(3, 7, new LstmSpec(4), new DenseSpec(2));
        Network<float> after = network.Clone();
        new Trainer<float>(after, new MeanSquaredError<float>(), new Sgd<float>(0.1)).Fit([good], new TrainingOptions());

        Network<float> thrown = network.Clone();
        Trainer<float> trainer = new(thrown, new MeanSquaredError<float>(), new Sgd<float>(0.1));
        NonFiniteGradientException e =
            Assert.Throws<NonFiniteGradientException>(() => trainer.Fit([good, bad], new TrainingOptions
            {
                Shuffle = Shuffle.None,
            }));
        Assert.Equal("lstm.weight_ih_l0", e.ParameterName);
        Close.SameBits<float>(after.Flat, thrown.Flat, "parameters");

        Network<float> skipped = network.Clone();
        TrainingResult result = new Trainer<float>(skipped, new MeanSquaredError<float>(), new Sgd<float>(0.1))
            .Fit([good, bad], new TrainingOptions { Shuffle = Shuffle.None, OnNonFinite = NonFiniteAction.SkipStep });
        Assert.Equal((1, 1), (result.Steps, result.SkippedSteps));
        Close.SameBits<float>(after.Flat, skipped.Flat, "parameters");

        Assert.Null(new Trainer<float>(network.Clone(), new MeanSquaredError<float>(), new Sgd<float>(0.1))
            .Fit([bad], new TrainingOptions { OnNonFinite = NonFiniteAction.SkipStep }).Loss);

        // The epoch's loss is that of the batch that was learned from.
        Network<float> only = network.Clone();
        Assert.Equal(
            new Trainer<float>(only, new MeanSquaredError<float>(), new Sgd<float>(0.1)).Fit([good], new TrainingOptions()).Loss,
            result.Loss);
    }

    [Fact]
    public void Fit_of_no_epochs_changes_nothing()
    {
        Network<float> network = Network.Create<float>(3, 7, Specs);
        long version = network.Version;
        TrainingResult result = new Trainer<float>(network, new MeanSquaredError<float>(), new Adam<float>())
            .Fit(Batches(2), new TrainingOptions
            {
                Epochs = 0,
            });
        Assert.Empty(result.Epochs);
        Assert.True(result.Loss is null && result.ValidationLoss is null);
        Assert.Equal(version, network.Version);
    }

    [Fact]
    public void Fit_within_Fit_throws_and_leaves_the_outer_one_be()
    {
        Network<float> network = Network.Create<float>(3, 7, Specs);
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>());
        Again again = new(() => trainer.Fit(Batches(1), new TrainingOptions()));
        trainer.Fit(Batches(2), new TrainingOptions { Epochs = 2 }, null, again);
        Assert.Equal(6, again.Refused);
        Assert.Equal((2, 0), (trainer.Position.Epoch, trainer.Position.Batch));
        trainer.Fit(Batches(2), new TrainingOptions());
    }

    private sealed class Again(Action action) : IProgress<TrainingProgress>
    {
        public int Refused { get; private set; }

        public void Report(TrainingProgress value)
        {
            Assert.Throws<InvalidOperationException>(action);
            Refused++;
        }
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(3, null)]
    [InlineData(5, 2)]
    public void Fit_with_carried_states_trains_the_learned_initial_state(int? truncate, int? every)
    {
        // One pass over everything, from the state that the network begins with by itself, is the same first step.
        Network<double> network = Network.Create<double>(
            2, 7, new LstmSpec(4) { LearnInitialState = true, Cell = new LstmEquations { GateRecurrence = true }, Layers = 2 },
            new DenseSpec(1));
        Network<double> whole = network.Clone();
        SequenceBatch<double> input = SequenceBatch.FromSequences<double>([[1, 2, 3, 4, 5, 6, 7, 8, 9, 1], [1, 0]], 2);
        SequenceBatch<double> target = SequenceBatch.FromSequences<double>([[1, 2, 3, 4, 5], [2]]);
        int first = every ?? truncate ?? 5;
        SequenceBatch<double> firstInput =
            SequenceBatch.FromSequences<double>([[.. input.GetSequence(0)[..(2 * first)]], [1, 0]], 2);
        SequenceBatch<double> firstTarget = SequenceBatch.FromSequences<double>([[.. target.GetSequence(0)[..first]], [2]]);
        Sgd<double> OnlyFirst() => new(0.1);
        new Trainer<double>(whole, new MeanSquaredError<double>(), OnlyFirst())
            .Fit([new(firstInput, firstTarget)], new TrainingOptions());
        double[] before = [.. network.ReadParameter("lstm.initial_h_l1")];

        // The steps after the first one start from states that are no parameters any more; where the segments overlap, from the
        // initial one again.
        new Trainer<double>(network, new MeanSquaredError<double>(), OnlyFirst()).Fit(
            [new(firstInput, firstTarget)], new TrainingOptions
            {
                CarryState = true,
                TruncateAfter = truncate,
                StepEvery = every,
            });
        Assert.NotEqual(before, [.. network.ReadParameter("lstm.initial_h_l1")]);
        foreach (string name in new[] { "lstm.initial_h_l0", "lstm.initial_c_l0", "lstm.initial_h_l1", "lstm.initial_c_l1" })
        {
            Close.SameBits<double>([.. whole.ReadParameter(name)], [.. network.ReadParameter(name)], name);
        }

        double[] after = [.. network.ReadParameter("lstm.initial_h_l0")];
        Trainer<double> second = new(network, new MeanSquaredError<double>(), OnlyFirst());
        second.Fit([new(firstInput, firstTarget), new(input, target)], new TrainingOptions
        {
            CarryState = true,
            TruncateAfter = truncate,
            StepEvery = every,
        });
        Assert.NotEqual(after, [.. network.ReadParameter("lstm.initial_h_l0")]);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(2, null)]
    [InlineData(4, 1)]
    public void Fit_that_goes_on_behind_a_skipped_step_gives_the_same_bits(int? truncate, int? every)
    {
        LayerSpec[] specs = [new LstmSpec(4) { LearnInitialState = true }, new DenseSpec(1)];
        TrainingOptions options = new()
        {
            CarryState = true,
            TruncateAfter = truncate,
            StepEvery = every,
            OnNonFinite = NonFiniteAction.SkipStep,
        };
        Network<double> whole = Network.Create<double>(1, 7, specs), parts = whole.Clone();
        List<TrainingBatch<double>> batches = [.. Enumerable.Range(0, 4).Select(i => new TrainingBatch<double>(
            SequenceBatch.FromSequences<double>([[i == 1 ? double.NaN : 0.3, 0.1 * i, 0.5, -0.2]]),
            SequenceBatch.FromSequences<double>([[0.1, 0.2 * i, 0.3, 0.4]])))];
        TrainingResult result = new Trainer<double>(whole, new MeanSquaredError<double>(), new Sgd<double>(0.1))
            .Fit(batches, options);
        Assert.InRange(result.SkippedSteps, 1, long.MaxValue);

        Trainer<double> trainer = new(parts, new MeanSquaredError<double>(), new Sgd<double>(0.1));
        while (trainer.Position.Batch < 3)
        {
            using CancellationTokenSource cancellation = new();
            Assert.Throws<OperationCanceledException>(
                () => trainer.Fit(batches, options, null, new After(cancellation.Cancel), cancellation.Token));
        }

        trainer.Fit(batches, options);
        Close.SameBits<double>(whole.Flat, parts.Flat, "parameters");
    }

    private sealed class After(Action action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => action();
    }

    [Fact]
    public void Fit_with_overlapping_segments_starts_each_from_the_learned_state_of_its_time()
    {
        // Two updates look back to the same beginning: over the first two steps, then over all four for the loss of the last two.
        Network<double> overlapping = Network.Create<double>(
            1, 7, new LstmSpec(4) { LearnInitialState = true }, new DenseSpec(1)), byHand = overlapping.Clone();
        double[] x = [0.3, -0.5, 0.8, 0.1], y = [0.2, 0.4, -0.1, 0.6];
        MeanSquaredError<double> loss = new() { Reduction = Reduction.Sum };
        new Trainer<double>(overlapping, loss, new Sgd<double>(0.1)).Fit(
            [new(SequenceBatch.FromSequences<double>([x]), SequenceBatch.FromSequences<double>([y]))], new TrainingOptions
            {
                TruncateAfter = 4,
                StepEvery = 2,
            });
        Trainer<double> trainer = new(byHand, loss, new Sgd<double>(0.1));
        trainer.Fit(
            [new(SequenceBatch.FromSequences<double>([x[..2]]), SequenceBatch.FromSequences<double>([y[..2]]))],
            new TrainingOptions());
        trainer.Fit(
            [new(SequenceBatch.FromSequences<double>([x]), SequenceBatch.FromSequences<double>([y]),
                SequenceBatch.FromSequences<double>([[0, 0, 1, 1]]))], new TrainingOptions());
        Close.Relative<double>(byHand.Flat, overlapping.Flat, 1e-12, "parameters");
    }

    [Fact]
    public void Fit_with_batch_norm_carries_states_of_equal_lengths_only()
    {
        Network<float> network =
            Network.Create<float>(3, 7, new LstmSpec(4) { Normalization = new BatchNormalization() }, new DenseSpec(2));
        long version = network.Version;
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>());
        string message = Assert.Throws<ArgumentException>(
            "batches",
            () => trainer.Fit(
            [Batch<float>(1, [3, 3]), Batch<float>(2, [3, 2]), Batch<float>(3, [3, 3])],
            new TrainingOptions { CarryState = true })).Message;
        Assert.Contains("Batch 1", message);
        Assert.Equal(version, network.Version);
        trainer.Fit([Batch<float>(1, [3, 3]), Batch<float>(2, [2, 2]), Batch<float>(3, [3, 1])], new TrainingOptions
        {
            CarryState = true,
        });
    }

    [Fact]
    public void Fit_reports_each_batch_and_each_epoch()
    {
        Network<float> network = Network.Create<float>(3, 7, Specs);
        Seen seen = new();
        List<TrainingBatch<float>> batches = Batches(3);
        TrainingResult result = new Trainer<float>(network, new MeanSquaredError<float>(), new Adam<float>())
            .Fit(batches, new TrainingOptions { Epochs = 2 }, [batches[0]], seen);
        Assert.Equal(
            [(1, 1, false), (1, 2, false), (1, 3, false), (1, 3, true), (2, 1, false), (2, 2, false), (2, 3, false),
                (2, 3, true)],
            seen.All.Select(p => (p.Epoch, p.Batch, p.IsEpochEnd)));
        Assert.Equal([result.Epochs[0].Loss, result.Epochs[1].Loss], seen.All.Where(p => p.IsEpochEnd).Select(p => p.Loss));
        Assert.Equal(TimeSpan.Zero, seen.All[^1].Remaining);
        Assert.All(seen.All, p => Assert.True(p.GradientNorm > 0 && p.Epochs == 2 && p.Batches == 3));
    }

    [Fact]
    public void Evaluate_of_labels_counts_right_answers()
    {
        Network<double> network = Network.Create<double>(4, new EmbeddingSpec(3), new DenseSpec(4));
        SequenceBatch<int> ids = SequenceBatch.FromSequences<int>([[0, 1, 2, 3], [3, 2]]);
        TrainingBatch<double> batch = new(ids, ids);
        Trainer<double> trainer = new(network, new SoftmaxCrossEntropy<double>(), new Adam<double>(0.1));
        TrainingResult result = trainer.Fit([batch], new TrainingOptions { Epochs = 60 });
        Assert.Equal(1, trainer.Evaluate([batch]).Accuracy);
        Assert.True(result.Loss < 0.2);
        Assert.Null(new Trainer<double>(network, new MeanSquaredError<double>(), new Adam<double>())
            .Evaluate([new TrainingBatch<double>(ids, Rows.Random<double>(new Random(1), [4, 2], 4))]).Accuracy);
    }

    [Fact]
    public void Fit_of_bad_input_throws_before_a_step()
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(4), new DenseSpec(2));
        Network<float> reads = Network.Create<float>(
            3, new LstmSpec(4) { Direction = LstmDirection.Bidirectional, Name = "both" }, new DenseSpec(2));
        TrainingBatch<float> batch = Batch<float>(1, [3]);
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>());
        Trainer<float> whole = new(reads, new MeanSquaredError<float>(), new Adam<float>());
        long version = network.Version;
        Assert.Throws<ArgumentException>("batches", () => trainer.Fit([], new TrainingOptions()));
        Assert.Throws<ArgumentException>("batches", () => trainer.Fit([batch, null!], new TrainingOptions()));
        Assert.Throws<ArgumentException>("options", () => trainer.Fit([batch], new TrainingOptions { Epochs = -1 }));
        Assert.Throws<ArgumentException>("options", () => trainer.Fit([batch], new TrainingOptions { TruncateAfter = 0 }));
        Assert.Throws<ArgumentException>("options", () => trainer.Fit([batch], new TrainingOptions
        {
            TruncateAfter = 2,
            AccumulateBatches = 2,
        }));
        Assert.Contains(
            "at least 1",
            Assert.Throws<ArgumentException>(
            "options", () => trainer.Fit([batch], new TrainingOptions { TruncateAfter = 2, StepEvery = 0 })).Message);
        Assert.Contains(
            "TruncateAfter, which is 2",
            Assert.Throws<ArgumentException>(
            "options", () => trainer.Fit([batch], new TrainingOptions { TruncateAfter = 2, StepEvery = 3 })).Message);
        Assert.Contains(
            "TruncateAfter is null",
            Assert.Throws<ArgumentException>(
            "options", () => trainer.Fit([batch], new TrainingOptions { StepEvery = 3 })).Message);
        Assert.Contains(
            "RecomputeEvery",
            Assert.Throws<ArgumentException>(
            "options", () => trainer.Fit([batch], new TrainingOptions { RecomputeEvery = -1 })).Message);
        Assert.Throws<ArgumentException>("options", () => trainer.Fit([batch], new TrainingOptions { Patience = 2 }));
        Assert.Throws<ArgumentException>("batches", () => trainer.Fit([batch, Batch<float>(1, [1, 2])], new TrainingOptions
        {
            CarryState = true,
        }));
        Assert.Throws<ArgumentException>("batches", () => trainer.Fit(
            [new TrainingBatch<float>(batch.Input.Features!, Batch<float>(1, [4]).Target.Values!)], new TrainingOptions
            {
                TruncateAfter = 2,
            }));
        TrainingBatch<float> narrow = new(batch.Target.Values!, batch.Target.Values!);
        string message = Assert.Throws<ArgumentException>(
            "batches", () => trainer.Fit([batch, narrow], new TrainingOptions { Shuffle = Shuffle.None })).Message;
        Assert.Contains("Batch 1", message);
        Assert.Contains("2 values per step; the network takes 3", message);
        Assert.Contains(
            "'both'",
            Assert.Throws<NotSupportedException>(() => whole.Fit([batch], new TrainingOptions { TruncateAfter = 2 })).Message);
        Assert.Contains(
            "CarryState",
            Assert.Throws<NotSupportedException>(() => whole.Fit([batch], new TrainingOptions { CarryState = true })).Message);
        Assert.Equal(version, network.Version);
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(2, 0, 0)]
    [InlineData(1, 3, 3)]
    [InlineData(1, 5, 2)]
    public void Fit_allocates_nothing_per_step(int workers, int truncate, int every) =>
        Assert.Equal(0, Allocation.InChild("training.fit", $"{workers}", $"{truncate}", $"{every}"));

    private static SequenceBatch<float> From(SequenceBatch<float> batch, int first, int count)
    {
        SequenceBatch<float> steps = new(batch.FeatureSize);
        steps.View(batch, first, count);
        return SequenceBatch.FromSequences<float>(steps.ToList(), batch.FeatureSize);
    }

    internal static List<TrainingBatch<float>> Batches(int count) => Batches(count, 1);

    private static List<TrainingBatch<float>> Batches(int count, int copies) =>
        [.. Enumerable.Range(0, count)
            .Select(i => Enumerable.Repeat<int[]>([9, 0, 4, 12 - (i % 2)], copies).SelectMany(lengths => lengths))
            .Select((lengths, i) => Batch<float>(i, [.. lengths]))];

    private static TrainingBatch<T> Batch<T>(int seed, int[] lengths)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        Random random = new(seed);
        return new TrainingBatch<T>(Rows.Random<T>(random, lengths, 3), Rows.Random<T>(random, lengths, 2));
    }

    internal sealed class Seen : IProgress<TrainingProgress>
    {
        public List<TrainingProgress> All { get; } = [];

        public Action<TrainingProgress>? Then { get; init; }

        public bool Keeps { get; init; } = true;

        public void Report(TrainingProgress value)
        {
            if (Keeps)
            {
                All.Add(value);
            }

            Then?.Invoke(value);
        }
    }
}
