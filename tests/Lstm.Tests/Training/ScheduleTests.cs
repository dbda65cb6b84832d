using System.Text.Json;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>
/// Learning-rate schedules: PyTorch's numbers, the rate in force, and the same bits when a training is resumed within one.
/// </summary>
public class ScheduleTests
{
    private static readonly Dictionary<string, Func<LearningRateSchedule>> Schedules = new()
    {
        ["constant"] = () => new ConstantRate(0.5),
        ["step"] = () => new StepDecay(1, 0.3),
        ["exponential"] = () => new ExponentialDecay(0.9, ScheduleUnit.Step),
        ["cosine"] = () => new CosineDecay(10, 0.1),
        ["warm-up"] = () => new WarmUp(5, new CosineDecay(6)),
        ["plateau"] = () => new ReduceOnPlateau(0.5, patience: 0, threshold: 0.9),
        ["warm-up, plateau"] = () => new WarmUp(5, new ReduceOnPlateau(0.5, patience: 0, threshold: 0.9)),
    };

    public static TheoryData<string> Names => [.. Schedules.Keys];

    [Theory]
    [InlineData("StepLR")]
    [InlineData("ExponentialLR")]
    [InlineData("CosineAnnealingLR")]
    [InlineData("LinearLR")]
    public void Factors_are_PyTorchs(string name)
    {
        double[] expected = Rates(name, out _);
        LearningRateSchedule schedule = name switch
        {
            "StepLR" => new StepDecay(5, 0.5),
            "ExponentialLR" => new ExponentialDecay(0.9),
            "CosineAnnealingLR" => new CosineDecay(20, 0.01, ScheduleUnit.Epoch),
            _ => new WarmUp(8, start: 0.25, unit: ScheduleUnit.Epoch),
        };
        for (int epoch = 0; epoch < expected.Length; epoch++)
        {
            Assert.Equal(expected[epoch], 0.1 * schedule.FactorAt(new ScheduleTime(999, epoch)), 1e-15);
        }
    }

    [Fact]
    public void ReduceOnPlateau_fed_with_losses_gives_PyTorchs_rates()
    {
        double[] expected = Rates("ReduceLROnPlateau", out double[] losses);
        ReduceOnPlateau schedule = new(0.5, 2);
        for (int epoch = 0; epoch < expected.Length; epoch++)
        {
            Assert.Equal(expected[epoch], 0.1 * schedule.FactorAt(new ScheduleTime(0, epoch)), 1e-15);
            if (epoch < losses.Length)
            {
                schedule.EndEpoch(epoch + 1, losses[epoch]);
            }
        }
    }

    [Fact]
    public void ReduceOnPlateau_rests_after_a_reduction_and_stops_at_the_least()
    {
        ReduceOnPlateau schedule = new(0.1, patience: 0, cooldown: 2, least: 0.05);
        double[] factors = [.. Enumerable.Range(1, 8).Select(epoch =>
        {
            schedule.EndEpoch(epoch, epoch == 1 ? 1 : double.NaN);
            return schedule.FactorAt(default);
        })];
        Assert.Equal([1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05], factors);
    }

    [Fact]
    public void CosineDecay_at_every_point_is_the_cosine_and_ends_at_the_end()
    {
        CosineDecay schedule = new(1000, 0.25);
        for (int t = 0; t <= 1000; t++)
        {
            Assert.Equal(
                0.25 + (0.75 * (1 + Math.Cos(Math.PI * t / 1000)) / 2), schedule.FactorAt(new ScheduleTime(t, 0)), 1e-15);
        }

        Assert.Equal(1, schedule.FactorAt(default));
        Assert.Equal(0.25, schedule.FactorAt(new ScheduleTime(1000, 0)));
        Assert.Equal(0.25, schedule.FactorAt(new ScheduleTime(long.MaxValue, 0)));
    }

    [Fact]
    public void WarmUp_is_followed_by_the_next_schedule_from_its_beginning()
    {
        CosineDecay next = new(10);
        WarmUp schedule = new(4, next, start: 0.5);
        Assert.Equal(
            [0.5, 0.625, 0.75, 0.875], Enumerable.Range(0, 4).Select(step => schedule.FactorAt(new ScheduleTime(step, 0))));
        for (int step = 4; step < 20; step++)
        {
            Assert.Equal(next.FactorAt(new ScheduleTime(step - 4, 0)), schedule.FactorAt(new ScheduleTime(step, 0)));
        }

        StepDecay byEpoch = new(1, 0.5);
        Assert.Equal(0.25 * 0.5, new WarmUp(4, byEpoch).FactorAt(new ScheduleTime(2, 2)));
        Assert.Equal(0.25, new WarmUp(4, byEpoch).FactorAt(new ScheduleTime(4, 2)));
    }

    [Fact]
    public void Fit_reports_the_rate_in_force_and_leaves_the_optimizers()
    {
        Trainer<double> trainer = CustomOptimizerTests.Make(new Sgd<double>(0.1), new WarmUp(4));
        TrainerTests.Seen seen = new();
        trainer.Fit(CustomOptimizerTests.Batches(), new TrainingOptions { Epochs = 2 }, progress: seen);
        Assert.Equal(
            [0, 0.1 * 0.25, 0.1 * 0.5, 0.1 * 0.75, 0.1 * 0.75, 0.1, 0.1, 0.1, 0.1, 0.1],
            seen.All.Select(p => p.LearningRate!.Value));
        Assert.Equal(0.1, trainer.Optimizer.LearningRate);
    }

    [Fact]
    public void Fit_with_a_schedule_is_Fit_with_the_rates_set_by_hand()
    {
        Trainer<double> trainer = CustomOptimizerTests.Make(new Adam<double>(0.01), new StepDecay(1, 0.5));
        Trainer<double> byHand = CustomOptimizerTests.Make(new Adam<double>(0.01)),
            plain = CustomOptimizerTests.Make(new Adam<double>(0.01));
        Trainer<double> constant = CustomOptimizerTests.Make(new Adam<double>(0.01), new ConstantRate());
        trainer.Fit(CustomOptimizerTests.Batches(), new TrainingOptions { Epochs = 2 });
        byHand.Fit(CustomOptimizerTests.Batches(), new TrainingOptions());
        byHand.Optimizer.LearningRate = 0.005;
        byHand.Fit(CustomOptimizerTests.Batches(), new TrainingOptions());
        Close.SameBits<double>(byHand.Network.Flat, trainer.Network.Flat, "by hand");
        plain.Fit(CustomOptimizerTests.Batches(), new TrainingOptions { Epochs = 2 });
        constant.Fit(CustomOptimizerTests.Batches(), new TrainingOptions { Epochs = 2 });
        Close.SameBits<double>(plain.Network.Flat, constant.Network.Flat, "factor 1");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void LoadCheckpoint_within_a_schedule_goes_on_to_the_same_bits(string name)
    {
        foreach (bool validates in new[] { false, true })
        {
            List<TrainingBatch<double>>? validation = validates ? CustomOptimizerTests.Batches() : null;
            List<MemoryStream> files = [];
            Trainer<double> whole = Make(name);
            TrainerTests.Seen save = new() { Then = _ => files.Add(CustomOptimizerTests.Save(whole)) };
            whole.Fit(CustomOptimizerTests.Batches(), new TrainingOptions { Epochs = 4 }, validation, save);
            Assert.Equal(20, files.Count);
            byte[] expected = CustomOptimizerTests.Save(whole).ToArray();
            foreach (MemoryStream file in files.Take(18))
            {
                // Of batch 4 of an epoch: the schedule has not heard of the epoch's loss yet.
                Trainer<double> resumed = Make(name);
                resumed.LoadCheckpoint(file);
                Assert.Equal(file.ToArray(), CustomOptimizerTests.Save(resumed).ToArray());
                resumed.Fit(
                    CustomOptimizerTests.Batches(), new TrainingOptions { Epochs = 4 - resumed.Position.Epoch }, validation);
                Assert.Equal(expected, CustomOptimizerTests.Save(resumed).ToArray());
            }
        }

        static Trainer<double> Make(string name) => CustomOptimizerTests.Make(new Adam<double>(0.01), Schedules[name]());
    }

    [Fact]
    public void Plateau_follows_the_validation_loss_and_without_it_the_training_loss()
    {
        foreach (bool validates in new[] { false, true })
        {
            Recorder schedule = new();
            TrainingResult result = CustomOptimizerTests.Make(new Adam<double>(0.01), schedule)
                .Fit(
                    CustomOptimizerTests.Batches(),
                    new TrainingOptions { Epochs = 3 },
                    validates ? CustomOptimizerTests.Batches() : null);
            Assert.Equal(
                result.Epochs.Select((epoch, i) => (i + 1L, validates ? epoch.ValidationLoss!.Value : epoch.Loss!.Value)),
                schedule.Heard);
        }
    }

    [Fact]
    public void LoadCheckpoint_of_another_schedule_names_it_and_changes_nothing()
    {
        Refused(null, new StepDecay(3), "The checkpoint does not have the metadata 'schedule.kind'.");
        Refused(new StepDecay(3), null, "The checkpoint's schedule has kind step; this training has no schedule.");
        Refused(new StepDecay(3), new StepDecay(4), "The checkpoint's schedule has every 3; this schedule has every 4.");
        Refused(new StepDecay(3), new CosineDecay(4), "The checkpoint's schedule has kind step; this schedule has kind cosine.");
        Refused(new WarmUp(3, new StepDecay(3)), new WarmUp(3, new StepDecay(4)),
            "The checkpoint's schedule has inner0.every 3; this schedule has inner0.every 4.");
        Refused(new Recorder(), new Recorder("other"), "The checkpoint has a tensor F64 [1] 'schedule.heard'", "schedule.heard");

        static void Refused(LearningRateSchedule? saved, LearningRateSchedule? loaded, string message, string? other = null)
        {
            Trainer<double> source = CustomOptimizerTests.Make(new Adam<double>(), saved),
                trainer = CustomOptimizerTests.Make(new Adam<double>(), loaded);
            byte[] before = CustomOptimizerTests.Save(trainer).ToArray();
            string actual =
                Assert.Throws<InvalidDataException>(() => trainer.LoadCheckpoint(CustomOptimizerTests.Save(source))).Message;
            Assert.Contains(other ?? message, actual);
            Assert.Equal(before, CustomOptimizerTests.Save(trainer).ToArray());
        }
    }

    [Theory]
    [InlineData(-1.0)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Fit_with_a_factor_out_of_range_names_schedule_step_and_value(double factor)
    {
        Trainer<double> trainer = CustomOptimizerTests.Make(new Sgd<double>(0.1), new Broken(step => step == 5 ? factor : 1));
        InvalidOperationException e =
            Assert.Throws<InvalidOperationException>(
            () => trainer.Fit(CustomOptimizerTests.Batches(), new TrainingOptions { Epochs = 3 }));
        Assert.Equal(
            $"The schedule Broken gives the factor {FormattableString.Invariant($"{factor}")} for step 5 of epoch 1; the " +
            $"factor has to be finite and at least 0.", e.Message);
        Assert.Equal((5, new TrainingPosition(1, 1, 5)), ((int)trainer.Optimizer.Steps, trainer.Position));
        Trainer<double> plain = CustomOptimizerTests.Make(new Sgd<double>(0.1));
        TrainerTests.Seen seen = new()
        {
            Then = p =>
            {
                if (plain.Optimizer.Steps == 5)
                {
                    Close.SameBits<double>(plain.Network.Flat, trainer.Network.Flat, "step 5");
                }
            },
        };
        plain.Fit(CustomOptimizerTests.Batches(), new TrainingOptions { Epochs = 2 }, progress: seen);
    }

    [Fact]
    public void Fit_with_a_rate_that_overflows_float_throws()
    {
        Network<float> network = Network.Create<float>(2, new DenseSpec(1));
        SequenceBatch<float> x = SequenceBatch.FromSequences<float>([[1, 2]], 2), y = SequenceBatch.FromSequences<float>([[1]]);
        Trainer<float> trainer =
            new(network, new MeanSquaredError<float>(), new Sgd<float>(1e10)) { Schedule = new ConstantRate(1e30) };
        Assert.Contains(
            "not finite in float",
            Assert.Throws<InvalidOperationException>(() => trainer.Fit([new(x, y)], new TrainingOptions())).Message);
        Assert.Equal(0, trainer.Optimizer.Steps);
    }

    [Fact]
    public void Schedule_with_numbers_belongs_to_one_trainer_and_others_to_any()
    {
        ExponentialDecay shared = new(0.9);
        CustomOptimizerTests.Make(new Adam<double>(), shared);
        CustomOptimizerTests.Make(new Adam<double>(), shared);
        ReduceOnPlateau plateau = new();
        CustomOptimizerTests.Make(new Adam<double>(), plateau);
        Assert.Contains(
            "plateau",
            Assert.Throws<InvalidOperationException>(
            () => CustomOptimizerTests.Make(new Adam<double>(), new WarmUp(3, plateau))).Message);
    }

    [Fact]
    public void Schedule_that_calls_back_or_throws_at_an_epochs_end_leaves_its_numbers()
    {
        Recorder schedule = new();
        Trainer<double> trainer = CustomOptimizerTests.Make(new Adam<double>(), schedule);
        foreach (Action call in new Action[]
        {
            () => CustomOptimizerTests.Save(trainer),
            () => trainer.Fit(CustomOptimizerTests.Batches(), new TrainingOptions()),
            () => trainer.Position = default,
            () => schedule.Set(double.NaN),
        })
        {
            schedule.Then = call;
            Assert.Throws<InvalidOperationException>(() => trainer.Fit(CustomOptimizerTests.Batches(), new TrainingOptions()));
            Assert.Equal(0, schedule.Count);
        }
    }

    [Fact]
    public void Values_out_of_range_throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>("factor", () => new ConstantRate(-1));
        Assert.Throws<ArgumentOutOfRangeException>("every", () => new StepDecay(0));
        Assert.Throws<ArgumentOutOfRangeException>("gamma", () => new ExponentialDecay(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("length", () => new CosineDecay(-1));
        Assert.Throws<ArgumentOutOfRangeException>("start", () => new WarmUp(1, start: double.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>("unit", () => new StepDecay(1, unit: (ScheduleUnit)7));
        Assert.Throws<ArgumentOutOfRangeException>("patience", () => new ReduceOnPlateau(patience: -1));
        Assert.Throws<ArgumentOutOfRangeException>("least", () => new ReduceOnPlateau(least: 1.5));
        Assert.Throws<ArgumentOutOfRangeException>("time", () => new ConstantRate().FactorAt(new ScheduleTime(-1, 0)));
        Assert.Throws<ArgumentException>("state", () => new Recorder("a.b"));
    }

    private static double[] Rates(string name, out double[] losses)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Shared.Fixtures, "lr_schedules.json")));
        JsonElement entry = document.RootElement.GetProperty("schedules").GetProperty(name);
        losses = entry.TryGetProperty("metrics", out JsonElement metrics)
            ? [.. metrics.EnumerateArray().Select(value => value.GetDouble())] : [];
        return [.. entry.GetProperty("lr_before_and_after_each_step").EnumerateArray().Select(value => value.GetDouble())];
    }

    private sealed class Broken(Func<long, double> factor) : LearningRateSchedule
    {
        protected override double FactorOf(ScheduleTime time) => factor(time.Step);
    }

    private sealed class Recorder(string name = "heard") : LearningRateSchedule([(name, 0)])
    {
        public List<(long Epoch, double Loss)> Heard { get; } = [];

        public Action? Then { get; set; }

        public double Count => State[0];

        public void Set(double value) => State[0] = value;

        protected override double FactorOf(ScheduleTime time) => 1;

        protected override void OnEpochEnd(long epoch, double loss)
        {
            State[0]++;
            Heard.Add((epoch, loss));
            Then?.Invoke();
        }
    }
}
