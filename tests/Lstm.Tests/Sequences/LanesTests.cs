using Lstm.Data;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Sequences;

public class LanesTests
{
    /// <summary>[steps, 2]: the step, and 100 more.</summary>
    private static float[] Series(int steps, int first = 0)
        => [.. Enumerable.Range(first, steps).SelectMany(t => new float[] { t, 100 + t })];

    [Fact]
    public void ToBatches_of_one_series_gives_batches_that_continue_each_other()
    {
        Lanes lanes = new(count: 3, stepsPerBatch: 2);
        List<TrainingBatch<float>> batches = lanes.ToBatches<float>(Series(12), 2, 1);
        Assert.Equal([4, 4, 3], lanes.LaneLengths(12));
        Assert.Equal(2, lanes.BatchCount(12));
        Assert.Equal(2, batches.Count);
        Assert.Equal([[0, 100, 1, 101], [4, 104, 5, 105], [8, 108, 9, 109]], batches[0].Input.Features!.ToList());
        Assert.Equal([[101, 102], [105, 106], [109, 110]], batches[0].Target.Values!.ToList());
        Assert.Equal([[2, 102, 3, 103], [6, 106, 7, 107], [10, 110]], batches[1].Input.Features!.ToList());
        Assert.Equal([[103, 104], [107, 108], [111]], batches[1].Target.Values!.ToList());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(100)]
    public void ToBatches_reads_every_step_once_whatever_the_sizes(int stepsPerBatch)
    {
        for (int steps = 5; steps < 40; steps++)
        {
            for (int count = 1; count <= Math.Min(7, steps - 3); count++)
            {
                Lanes lanes = new(count, stepsPerBatch) { Horizon = 3 };
                List<TrainingBatch<float>> batches = lanes.ToBatches<float>(Series(steps), 2, 0);
                Assert.Equal(lanes.BatchCount(steps), batches.Count);
                Assert.All(batches, batch => Assert.Equal(count, batch.Input.Features!.Count));
                Assert.All(batches, batch => Assert.True(batch.Input.Features!.RowCount > 0));
                float[][] read =
                    [.. Enumerable.Range(0, count)
                        .Select(lane => batches.SelectMany(batch => batch.Input.Features!.GetSequence(lane)).ToArray())];
                Assert.Equal(Series(steps - 3), read.SelectMany(lane => lane));
                Assert.Equal(lanes.LaneLengths(steps), read.Select(lane => lane.Length / 2));
                Assert.InRange(read.Max(lane => lane.Length) - read.Min(lane => lane.Length), 0, 2);
                Assert.Equal(
                    read.SelectMany(lane => lane.Where((_, i) => i % 2 == 0)).Select(t => t + 3),
                    Enumerable.Range(0, count)
                        .SelectMany(lane => batches.SelectMany(batch => batch.Target.Values!.GetSequence(lane))));
            }
        }
    }

    [Fact]
    public void ToBatches_of_several_series_never_joins_two_of_them_in_a_lane()
    {
        Lanes lanes = new(count: 4, stepsPerBatch: 3);
        List<TrainingBatch<float>> batches = lanes.ToBatches<float>([Series(3), Series(10, 20), Series(5, 50)], 2, 0);
        Assert.Equal([2, 5, 4, 4], lanes.LaneLengths(3, 10, 5));
        Assert.Equal([2, 3, 3, 3], batches[0].Input.Features!.Lengths.ToArray());
        Assert.Equal([0, 2, 1, 1], batches[1].Input.Features!.Lengths.ToArray());
        Assert.Equal([1, 2], batches[0].Target.Values!.GetSequence(0));
        Assert.Equal([23, 123, 24, 124], batches[1].Input.Features!.GetSequence(1));
        Assert.Equal([28, 128], batches[1].Input.Features!.GetSequence(2));
        Assert.Equal([54], batches[1].Target.Values!.GetSequence(3));
    }

    [Fact]
    public void LaneLengths_share_lanes_so_that_the_longest_is_as_short_as_possible()
    {
        Assert.Equal([50, 50, 50, 50, 50, 50], new Lanes(6, 1).LaneLengths(51, 251));
        Assert.Equal([4, 3, 1, 4, 3], (new Lanes(5, 1) { Horizon = 0 }).LaneLengths(7, 1, 7));
    }

    [Fact]
    public void ToBatches_of_ids_gives_the_next_ids_as_labels()
    {
        List<TrainingBatch<double>> batches = new Lanes(2, 2).ToBatches<double>([.. Enumerable.Range(0, 8)]);
        Assert.Equal([[0, 1], [4, 5]], batches[0].Input.Ids!.ToList());
        Assert.Equal([[1, 2], [5, 6]], batches[0].Target.Labels!.ToList());
        Assert.Equal([[2, 3], [6]], batches[1].Input.Ids!.ToList());
        Assert.Equal([[3, 4], [7]], batches[1].Target.Labels!.ToList());
        batches = new Lanes(2, 9).ToBatches<double>([[1, 2, 3], [7, 8]]);
        Assert.Equal([[2, 3], [8]], Assert.Single(batches).Target.Labels!.ToList());
    }

    [Fact]
    public void ToBatches_of_a_training_batch_cuts_whatever_it_pairs()
    {
        SequenceBatch<float> values = SequenceBatch.FromSequences<float>([Series(5), Series(3, 10)], 2);
        SequenceBatch<float> weights = SequenceBatch.FromSequences<float>([[1, 2, 3, 4, 5], [6, 7, 8]]);
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[9, 8, 7, 6, 5], [4, 3, 2]]);
        Lanes lanes = new(3, 2);
        TrainingBatch<float> last = lanes.ToBatches(new TrainingBatch<float>(values, labels, weights))[1];
        Assert.Equal([[2, 102], [], [12, 112]], last.Input.Features!.ToList());
        Assert.Equal([[7], [], [2]], last.Target.Labels!.ToList());
        Assert.Equal([[3], [], [8]], last.Target.Weights!.ToList());
        Assert.Null(last.Target.Values);
        last = lanes.ToBatches(new TrainingBatch<float>(labels, values))[1];
        Assert.Equal([[7], [], [2]], last.Input.Ids!.ToList());
        Assert.Equal([[2, 102], [], [12, 112]], last.Target.Values!.ToList());
        Assert.Null(last.Target.Weights);
        Assert.Equal([[7], [], [2]], lanes.ToBatches(new TrainingBatch<float>(labels, labels))[1].Target.Labels!.ToList());
        Assert.Equal(
            [[2, 102], [], [12, 112]], lanes.ToBatches(new TrainingBatch<float>(values, values))[1].Target.Values!.ToList());
    }

    [Fact]
    public void Fit_on_lanes_is_truncation_of_the_whole_lanes()
    {
        double[] series = Sample.Values<double>(1, 2 * 101);
        Network<double> whole = Network.Create<double>(2, 7, new LstmSpec(4) { LearnInitialState = true }, new DenseSpec(2));
        Network<double> carried = whole.Clone();
        TrainingOptions options = new() { Epochs = 3, Workers = 1 };
        new Trainer<double>(whole, new MeanSquaredError<double>(), new Adam<double>()).Fit(
            new Lanes(4, 100).ToBatches<double>(series, 2), options with { TruncateAfter = 5 });
        new Trainer<double>(carried, new MeanSquaredError<double>(), new Adam<double>()).Fit(
            new Lanes(4, 5).ToBatches<double>(series, 2), options with { CarryState = true });
        Close.SameBits<double>(whole.Flat, carried.Flat, "parameters");
    }

    [Fact]
    public void Fit_carrying_states_learns_from_lanes_what_it_cannot_learn_from_windows()
    {
        // The target is ±1 all along a stretch of 25 steps that a pulse at its start announces: batches of 5 steps have to carry
        // the state.
        const int Steps = 4000, Stretch = 25;
        Random random = new(3);
        float[] pulses = new float[Steps], signs = new float[Steps];
        for (int t = 0; t < Steps; t++)
        {
            bool starts = t % Stretch == 0;
            pulses[t] = starts ? random.Next(2) == 0 ? -1 : 1 : 0;
            signs[t] = starts ? pulses[t] : signs[t - 1];
        }

        TrainingBatch<float> whole =
            new(SequenceBatch.FromSequences<float>([pulses]), SequenceBatch.FromSequences<float>([signs]));
        List<TrainingBatch<float>> lanes = new Lanes(16, 5).ToBatches(whole);
        double carried = Loss(lanes, carries: true);
        Assert.InRange(carried, 0, 0.02);
        Assert.InRange(Loss(lanes, carries: false), 20 * carried, double.PositiveInfinity);

        static double Loss(List<TrainingBatch<float>> batches, bool carries)
        {
            Network<float> network = Network.Create<float>(1, 5, new LstmSpec(8), new DenseSpec(1));
            Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>(0.01))
            {
                Clip = GradientClip.ByGlobalNorm(1),
            };
            return trainer.Fit(
                batches,
                new TrainingOptions { Epochs = 25, CarryState = carries, Shuffle = Shuffle.None, Workers = 1 }).Loss!.Value;
        }
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(4, 2)]
    [InlineData(1, 2)]
    [InlineData(1, 5)]
    public void Fit_carrying_states_over_windows_that_do_not_continue_throws_and_names_lanes(int batchSize, int stride)
    {
        SlidingWindows windows = new(4) { Stride = stride, Target = WindowTarget.ManyToMany };
        List<TrainingBatch<float>> batches = windows.ToBatches<float>(Series(50), 2, batchSize);
        Network<float> network = Network.Create<float>(2, new LstmSpec(3), new DenseSpec(2));
        float[] before = network.Flat.ToArray();
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>());
        string message = Assert.Throws<ArgumentException>(
            "batches", () => trainer.Fit(batches, new TrainingOptions { CarryState = true })).Message;
        Assert.Contains("Batch 1 of the training batches does not continue batch 0", message);
        Assert.Contains($"sequence 0 begins at step {batchSize * stride} of the series", message);
        Assert.Contains("ends before step 4", message);
        Assert.Contains("new Lanes(count, stepsPerBatch)", message);
        Assert.Equal(before, network.Flat.ToArray());

        // Without carried states they are what they were, and so are windows that do continue each other.
        trainer.Fit(batches, new TrainingOptions());
        trainer.Fit((windows with { Stride = 4 }).ToBatches<float>(Series(50), 2, 1), new TrainingOptions { CarryState = true });
        trainer.Fit((windows with { Stride = 2 }).ToBatches<float>(Series(48), 2, 2), new TrainingOptions { CarryState = true });
    }

    [Fact]
    public void Fit_carrying_states_over_lanes_in_another_order_or_of_two_cuts_throws()
    {
        List<TrainingBatch<float>> batches = new Lanes(2, 5).ToBatches<float>(Series(50), 2), others = new Lanes(2, 5)
            .ToBatches<float>(Series(50), 2);
        Trainer<float> trainer =
            new(Network.Create<float>(2, new LstmSpec(3), new DenseSpec(2)), new MeanSquaredError<float>(), new Adam<float>());
        TrainingOptions options = new() { CarryState = true };
        trainer.Fit(batches, options, others);
        Assert.Contains(
            "Batch 1 of the training",
            Assert.Throws<ArgumentException>(
            "batches", () => trainer.Fit([batches[0], batches[2], batches[1]], options)).Message);
        Assert.Contains(
            "another series",
            Assert.Throws<ArgumentException>("batches", () => trainer.Fit([.. batches, .. others], options)).Message);
        Assert.Contains("Batch 1 of the validation", Assert.Throws<ArgumentException>(
            "validationBatches", () => trainer.Fit(batches, options, [others[0], others[3]])).Message);

        // Batches that the caller made or refilled are the caller's.
        trainer.Fit(
            [.. batches.Select(batch => new TrainingBatch<float>(batch.Input.Features!, batch.Target.Values!)).Reverse()],
            options);
        batches[1].Input.Features!.Fill(batches[1].Input.Features!.ToList());
        trainer.Fit([batches[0], batches[1]], options);
        trainer.Fit([batches[1], batches[0]], options);
    }

    [Fact]
    public void Bad_input_throws_and_names_both_sizes_and_the_remedy()
    {
        Lanes lanes = new(4, 5);
        Says("series", () => lanes.ToBatches<float>(Series(4), 2), "3 steps with a target", "4 lanes", "at most 3 lanes");
        Says("series", () => lanes.ToBatches<float>(Series(1), 2), "The series has 1 steps", "at least 2");
        Says("series", () => lanes.ToBatches<float>([Series(10), Series(1)], 2), "Series 1 has 1 steps");
        Says("series", () => (lanes with { Horizon = int.MaxValue }).ToBatches<float>(Series(10), 2), "2147483648");
        Says("series", () => lanes.ToBatches<float>([.. Enumerable.Repeat(Series(10), 5)], 2), "5 series for 4 lanes",
            "at least 5 lanes");
        Says("series", () => lanes.ToBatches<float>(Array.Empty<float[]>(), 2), "0 series");
        Says("series", () => lanes.ToBatches<float>([Series(10), null!], 2), "Series 1");
        Says("series", () => lanes.ToBatches<float>(Series(4), 3), "8 values", "feature size 3", "2 are left over");
        Says("targetFeatures", () => lanes.ToBatches<float>(Series(9), 2, 0, 2), "feature 2", "0 … 1");
        Says("ids", () => lanes.ToBatches<float>([1, 2]), "1 steps with a target");
        SequenceBatch<float> values = SequenceBatch.FromSequences<float>([new float[9], new float[8]]);
        Says("series",
            () => lanes.ToBatches(
            new TrainingBatch<float>(values, SequenceBatch.FromSequences<float>([new float[9], new float[1]]))), "Sequence 1",
            "8", "1");
        Says("series",
            () => lanes.ToBatches(new TrainingBatch<float>(values, values, SequenceBatch.FromSequences<float>([new float[17]]))),
            "weights", "2", "1");
        Says("series", () => (lanes with { Horizon = 2 }).ToBatches(new TrainingBatch<float>(values, values)), "Horizon is 2",
            "no effect");
        Assert.Throws<ArgumentOutOfRangeException>(() => new Lanes(0, 5).BatchCount(10));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Lanes(1, 0).BatchCount(10));
        Assert.Throws<ArgumentOutOfRangeException>(() => (lanes with { Horizon = -1 }).LaneLengths(10));
        Assert.Throws<ArgumentOutOfRangeException>(() => lanes.ToBatches<float>(Series(9), 0));

        static void Says(string argument, Action action, params string[] parts)
        {
            string message = Assert.ThrowsAny<ArgumentException>(() => action()).Message;
            Assert.Equal(argument, Assert.ThrowsAny<ArgumentException>(() => action()).ParamName);
            Assert.All(parts, part => Assert.Contains(part, message));
        }
    }
}
