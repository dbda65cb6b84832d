#:project ../../src/Lstm
#:property PublishAot=false

// Forecasts the monthly airline passengers of 1949–1960 (Box & Jenkins 1976), two ways, each blind to its test months:
//   one step ahead: trained on months 1–96, forecasts 97–144, each from the true months before it;
//   two years ahead: trained on months 1–120, forecasts 121–144 from its own forecasts.
// The number of epochs is chosen on the last 24 training months, then a new network is trained on all of them.

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Lstm;
using Lstm.Data;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string folder = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
double[] passengers =
    [.. File.ReadLines(Path.Combine(folder, "airline-passengers.csv")).Skip(1).Select(line => double.Parse(line.Split(',')[1]))];
Stopwatch clock = Stopwatch.StartNew();
int[] seeds = [1, 2, 3, 4, 5];

Console.WriteLine("Airline passengers, thousands a month. RMSE of five seeds; each fit is blind to its test months.");
Console.WriteLine();
Fit oneStep = Run("one step ahead", passengers, trainedMonths: 96, recursive: false, seeds);
Fit twoYears = Run("two years ahead", passengers, trainedMonths: 120, recursive: true, seeds);

Console.WriteLine();
Console.WriteLine("RMSE on the test months              97-144, one step    121-144, recursive");
Row("persistence (last month)", Baseline(96, (t, known) => known(t - 1)),
    Baseline(120, (t, known) => known(t - 1), recursive: true));
Row("seasonal naive (same month last year)", Baseline(96, (t, known) => known(t - 12)),
    Baseline(120, (t, known) => known(t - 12), recursive: true));
double growth = passengers[108..120].Sum() / passengers[96..108].Sum();
Row("seasonal naive x last year's growth", null, Baseline(120, (t, known) => known(t - 12) * growth, recursive: true));
Row("last year's same step, in ratio", Baseline(96, (t, known) => known(t - 12) * known(t - 1) / known(t - 13)), null);
Row("LSTM, median of 5 seeds", Median(oneStep.Errors), Median(twoYears.Errors));
Row("LSTM, worst of 5 seeds", oneStep.Errors.Max(), twoYears.Errors.Max());

// Save the median network with its scaler, load it, and step through the series: the same bits as the batch.
Console.WriteLine();
int median = Array.IndexOf(oneStep.Errors, Median(oneStep.Errors));
string model = Path.Combine(folder, "forecast.safetensors");
oneStep.Networks[median].Save(model);
Network<float> loaded = Network.Load<float>(model);
Series series = new(passengers, StandardScaler.LoadFrom(loaded.Metadata, "change"));
using NetworkStream<float> stream = loaded.OpenStream();
SequenceBatch<float> whole = loaded.Predict(SequenceBatch.FromSequences<float>([series.Inputs(2, 143)], Series.Features));
float[] streamed = new float[1];
int same = 0;
for (int month = 2; month <= 143; month++)
{
    stream.Step(series.Inputs(month, month), streamed);
    same += BitConverter.SingleToInt32Bits(streamed[0]) == BitConverter.SingleToInt32Bits(whole[0, month - 2][0]) ? 1 : 0;
}

Console.WriteLine(
    $"Saved and loaded {Path.GetFileName(model)}: {same} of {whole.RowCount} streamed forecasts have the same bits "
    + "as the batch.");
string chart = Path.Combine(folder, "forecast.svg");
File.WriteAllText(chart, Chart.Draw(passengers, oneStep.Forecasts, twoYears.Forecasts));
Console.WriteLine($"Chart: {Path.GetRelativePath(Environment.CurrentDirectory, chart)}");
Console.Error.WriteLine($"Done in {clock.Elapsed.TotalSeconds:f1} s.");
return same == whole.RowCount ? 0 : 1;

static Fit Run(string name, double[] passengers, int trainedMonths, bool recursive, int[] seeds)
{
    const int MaximumEpochs = 100;
    const int Every = 5;

    // Choosing: train without the last 24 training months and see, every few epochs, how well they are forecast.
    int checkedFrom = trainedMonths - 24;
    double[] mean = new double[MaximumEpochs / Every];
    foreach (int seed in seeds)
    {
        Model model = new(passengers, checkedFrom, seed);
        model.Train(MaximumEpochs, $"{name}, choosing, seed {seed}", epoch =>
        {
            if (epoch % Every == 0)
            {
                mean[(epoch / Every) - 1] += model.Error(checkedFrom + 1, trainedMonths, recursive) / seeds.Length;
            }
        });
    }

    int epochs = Every * (1 + Array.IndexOf(mean, mean.Min()));
    Model[] models = [.. seeds.Select(seed => new Model(passengers, trainedMonths, seed))];
    foreach ((Model model, int seed) in models.Zip(seeds))
    {
        model.Train(epochs, $"{name}, seed {seed}");
    }

    double[] errors = [.. models.Select(model => model.Error(trainedMonths + 1, 144, recursive))];
    Console.Error.Write("\r" + new string(' ', 100) + "\r");
    Console.WriteLine($"{name}: {epochs} epochs chosen on months {checkedFrom + 1}-{trainedMonths} (RMSE there {mean.Min():f1}); "
        + $"test RMSE by seed {string.Join(", ", errors.Select(error => error.ToString("f1")))}");
    return new Fit(
        errors, [.. models.Select(model => model.Forecast(trainedMonths + 1, 144, recursive))],
        [.. models.Select(model => model.Network)]);
}

double Baseline(int trainedMonths, Func<int, Func<int, double>, double> rule, bool recursive = false)
{
    double[] forecasts = new double[144 - trainedMonths];
    for (int month = trainedMonths + 1; month <= 144; month++)
    {
        forecasts[month - trainedMonths - 1] = rule(
            month, known => recursive && known > trainedMonths ? forecasts[known - trainedMonths - 1] : passengers[known - 1]);
    }

    return Model.RootMeanSquare(passengers, trainedMonths + 1, forecasts);
}

static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

static void Row(string name, double? oneStep, double? twoYears)
    => Console.WriteLine($"{name,-38}{oneStep?.ToString("f1") ?? "-",15}{twoYears?.ToString("f1") ?? "-",22}");

/// <summary>The errors, forecasts and networks of one fit, by seed.</summary>
internal sealed record Fit(double[] Errors, double[][] Forecasts, Network<float>[] Networks);

/// <summary>The series as the network sees it. Months count from 1, so the first monthly change is month 2's.</summary>
internal sealed class Series(double[] passengers, StandardScaler scaler)
{
    public const int Features = 3;

    public double Change(int month) => Math.Log(passengers[month - 1]) - Math.Log(passengers[month - 2]);

    /// <summary>For each month its scaled change, and where in the year the month to be forecast lies.</summary>
    public float[] Inputs(int first, int last)
    {
        List<float> inputs = [];
        for (int month = first; month <= last; month++)
        {
            inputs.AddRange(Input(month, Scale(Change(month))));
        }

        return [.. inputs];
    }

    public float[] Input(int month, float change)
    {
        double angle = Math.Tau * ((month + 1) % 12) / 12;
        return [change, (float)Math.Sin(angle), (float)Math.Cos(angle)];
    }

    public float Scale(double change)
    {
        Span<double> value = [change];
        scaler.Transform(value);
        return (float)value[0];
    }

    public double Unscale(float output)
    {
        Span<double> value = [output];
        scaler.Inverse(value);
        return value[0];
    }
}

/// <summary>A network in training on months 1 … <c>trainedMonths</c>, and its forecasts of later ones.</summary>
internal sealed class Model
{
    private const int Window = 24;
    private readonly double[] _passengers;
    private readonly Series _series;
    private readonly List<TrainingBatch<float>> _batches;
    private readonly Trainer<float> _trainer;

    public Model(double[] passengers, int trainedMonths, int seed)
    {
        _passengers = passengers;
        double[] changes =
            [.. Enumerable.Range(2, trainedMonths - 1)
                .Select(month => Math.Log(passengers[month - 1]) - Math.Log(passengers[month - 2]))];
        StandardScaler scaler = StandardScaler.Fit<double>(changes);
        _series = new Series(passengers, scaler);

        // Windows of 24 changes; the target at each step is the next month's change. All windows make one batch.
        SlidingWindows windows = new(Window) { Target = WindowTarget.ManyToMany };
        _batches = windows.ToBatches<float>(
            _series.Inputs(2, trainedMonths), Series.Features, batchSize: int.MaxValue, targetFeatures: 0);
        Network = Lstm.Network.Create<float>(
            Series.Features, seed, new LstmSpec(hiddenSize: 16) { Layers = 2 }, new DenseSpec(outputSize: 1));
        scaler.SaveTo(Network.Metadata, "change");
        _trainer = new Trainer<float>(Network, new MeanSquaredError<float>(), new Adam<float>(learningRate: 5e-3))
        {
            Clip = GradientClip.ByGlobalNorm(1.0),
        };
    }

    public Network<float> Network { get; }

    public void Train(int epochs, string name, Action<int>? afterEpoch = null)
    {
        TrainingOptions options = new() { Epochs = epochs, TruncateAfter = 12, Workers = 1 };
        _trainer.Fit(_batches, options, progress: new Live(name, afterEpoch));
    }

    public double Error(int first, int last, bool recursive)
        => RootMeanSquare(_passengers, first, Forecast(first, last, recursive));

    public double[] Forecast(int first, int last, bool recursive) => recursive ? Recursive(first, last) : OneStep(first, last);

    public static double RootMeanSquare(double[] passengers, int first, double[] forecasts)
        => Math.Sqrt(forecasts.Select((forecast, i) => Math.Pow(forecast - passengers[first - 1 + i], 2)).Average());

    /// <summary>All months in one batch, each from the 24 true months before it.</summary>
    private double[] OneStep(int first, int last)
    {
        float[][] inputs =
            [.. Enumerable.Range(first, last - first + 1).Select(month => _series.Inputs(month - Window, month - 1))];
        SequenceBatch<float> output = Network.Predict(SequenceBatch.FromSequences<float>(inputs, Series.Features));
        return [.. Enumerable.Range(0, inputs.Length).Select(i =>
            _passengers[first - 2 + i] * Math.Exp(_series.Unscale(output[i, Window - 1][0])))];
    }

    /// <summary>One step at a time: 24 true months first, then each forecast is the next step's input.</summary>
    private double[] Recursive(int first, int last)
    {
        using NetworkStream<float> stream = Network.OpenStream();
        float[] change = new float[1];
        for (int month = first - Window; month < first; month++)
        {
            stream.Step(_series.Inputs(month, month), change);
        }

        double[] forecasts = new double[last - first + 1];
        double level = _passengers[first - 2];
        for (int month = first; month <= last; month++)
        {
            level *= Math.Exp(_series.Unscale(change[0]));
            forecasts[month - first] = level;
            stream.Step(_series.Input(month, change[0]), change);
        }

        return forecasts;
    }

    /// <summary>One line on the error stream, so that the output is the same in every run.</summary>
    private sealed class Live(string name, Action<int>? afterEpoch) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (!value.IsEpochEnd)
            {
                return;
            }

            afterEpoch?.Invoke(value.Epoch);
            if (value.Epoch % 5 == 0)
            {
                Console.Error.Write(
                    $"\r{name}: epoch {value.Epoch} of {value.Epochs}, loss {value.Loss:f4}, gradient norm "
                    + $"{value.GradientNorm:f3}, {value.Remaining?.TotalSeconds:f1} s left   ");
            }
        }
    }
}

/// <summary>Two panels: one-step forecasts and the recursive one, with the truth and the seeds' spread.</summary>
internal static class Chart
{
    private const int Width = 960, PanelHeight = 300, Left = 70, Right = 20, Top = 60, Gap = 70;
    private const double MaximumPassengers = 700;

    public static string Draw(double[] passengers, double[][] oneStep, double[][] twoYears)
    {
        int height = Top + (2 * PanelHeight) + Gap + 60;
        StringBuilder svg = new();
        svg.AppendLine(
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" viewBox=\"0 0 {Width} "
            + $"{height}\" font-family=\"sans-serif\" font-size=\"13\">");
        svg.AppendLine("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        svg.AppendLine(
            $"<text x=\"{Left}\" y=\"24\" font-size=\"18\" font-weight=\"bold\">Airline passengers, forecast by an LSTM</text>");
        Panel(svg, Top, "One month ahead: trained on 1949–1956, each forecast from the true months before it", passengers,
            oneStep);
        Panel(svg, Top + PanelHeight + Gap, "Two years ahead: trained on 1949–1958, from its own forecasts", passengers,
            twoYears);
        Legend(svg, height - 18);
        svg.AppendLine("</svg>");
        return svg.ToString();
    }

    private static void Panel(StringBuilder svg, int top, string title, double[] passengers, double[][] forecasts)
    {
        double X(int month) => Left + ((month - 1) / 143.0 * (Width - Left - Right));
        double Y(double value) => top + PanelHeight - (value / MaximumPassengers * PanelHeight);
        string Line(int first, IEnumerable<double> values)
            => string.Join(' ', values.Select((value, i) => $"{X(first + i):f1},{Y(value):f1}"));

        svg.AppendLine($"<text x=\"{Left}\" y=\"{top - 8}\" font-weight=\"bold\">{title}</text>");
        for (int value = 0; value <= MaximumPassengers; value += 100)
        {
            svg.AppendLine(
                $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(value):f1}\" y2=\"{Y(value):f1}\" stroke=\"#e4e4e4\"/>");
            svg.AppendLine($"<text x=\"{Left - 8}\" y=\"{Y(value) + 4:f1}\" text-anchor=\"end\">{value}</text>");
        }

        for (int year = 1949; year <= 1960; year++)
        {
            double x = X(((year - 1949) * 12) + 1);
            svg.AppendLine(
                $"<line x1=\"{x:f1}\" x2=\"{x:f1}\" y1=\"{top + PanelHeight}\" y2=\"{top + PanelHeight + 5}\" "
                + "stroke=\"black\"/>");
            svg.AppendLine($"<text x=\"{x:f1}\" y=\"{top + PanelHeight + 20}\">{year}</text>");
        }

        svg.AppendLine(
            $"<text transform=\"translate(18 {top + (PanelHeight / 2)}) rotate(-90)\" text-anchor=\"middle\">passengers, "
            + "thousands</text>");
        int first = 144 - forecasts[0].Length + 1;
        double[][] byMonth =
            [.. Enumerable.Range(0, forecasts[0].Length).Select(i => forecasts.Select(seed => seed[i]).Order().ToArray())];
        svg.AppendLine(
            $"<polygon points=\"{Line(first, byMonth.Select(m => m[^1]))} "
            + $"{string.Join(' ', Line(first, byMonth.Select(m => m[0])).Split(' ').Reverse())}\" fill=\"#d95f02\" "
            + "fill-opacity=\"0.25\"/>");
        svg.AppendLine(
            $"<polyline points=\"{Line(1, passengers.Take(first - 1))}\" fill=\"none\" stroke=\"#777777\" "
            + "stroke-width=\"1.5\"/>");
        svg.AppendLine(
            $"<polyline points=\"{Line(first - 1, passengers.Skip(first - 2))}\" fill=\"none\" stroke=\"black\" "
            + "stroke-width=\"1.8\"/>");
        svg.AppendLine(
            $"<polyline points=\"{Line(first, byMonth.Select(m => m[m.Length / 2]))}\" fill=\"none\" stroke=\"#d95f02\" "
            + "stroke-width=\"1.8\"/>");
        svg.AppendLine(
            $"<line x1=\"{X(first) - 3:f1}\" x2=\"{X(first) - 3:f1}\" y1=\"{top}\" y2=\"{top + PanelHeight}\" "
            + "stroke=\"#777777\" stroke-dasharray=\"4 4\"/>");
        svg.AppendLine(
            $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{top + PanelHeight}\" y2=\"{top + PanelHeight}\" "
            + "stroke=\"black\"/>");
    }

    private static void Legend(StringBuilder svg, int y)
    {
        (string Colour, string Text, double Opacity)[] entries =
            [("#777777", "history", 1), ("black", "truth, test months", 1), ("#d95f02", "forecast, median of 5 seeds", 1),
                ("#d95f02", "spread of the seeds", 0.25)];
        int x = Left;
        foreach ((string colour, string text, double opacity) in entries)
        {
            svg.AppendLine(
                $"<rect x=\"{x}\" y=\"{y - 9}\" width=\"24\" height=\"{(opacity < 1 ? 10 : 3)}\" fill=\"{colour}\" "
                + $"fill-opacity=\"{opacity}\"/>");
            svg.AppendLine($"<text x=\"{x + 32}\" y=\"{y}\">{text}</text>");
            x += 60 + (text.Length * 8);
        }
    }
}
