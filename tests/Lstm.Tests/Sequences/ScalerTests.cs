


using Lstm.Data;

namespace Lstm.Tests.Sequences;

public class ScalerTests
{
    private static readonly double[] Data = [1, 5, 0.1, 2, 5, 0.1, 3, 5, 0.1, 6, 5, 0.1];

    [Fact]
    public void StandardScaler_gives_mean_0_and_deviation_1()
    {
        StandardScaler scaler = StandardScaler.Fit<double>(Data, 3);
        Assert.Equal([3, 5, 0.1], scaler.Centers.Select(c => Math.Round(c, 12)));
        Assert.Equal([Math.Sqrt(3.5), 1, 1], scaler.Scales);
        double[] scaled = new double[Data.Length];
        scaler.Transform<double>(Data, scaled);
        Assert.Equal(-2 / Math.Sqrt(3.5), scaled[0], 1e-15);
        Assert.Equal(0, scaled[4]);
        scaler.Inverse<double>(scaled);
        Assert.All(Data.Zip(scaled), pair => Assert.Equal(pair.First, pair.Second, 1e-15));
    }

    [Fact]
    public void MinMaxScaler_reaches_both_ends()
    {
        MinMaxScaler scaler = MinMaxScaler.Fit<double>(Data, 3, -1, 1);
        float[] scaled = Array.ConvertAll(Data, x => (float)x);
        scaler.Transform<float>(scaled);
        Assert.Equal((-1, 1), (scaled[0], scaled[9]));
        Assert.Equal(-1, scaled[1]);
        scaler.Inverse<float>(scaled);
        Assert.Equal(6, scaled[9]);
    }

    [Fact]
    public void LoadFrom_gives_back_what_SaveTo_wrote()
    {
        Network<float> network = Network.Create<float>(1, new DenseSpec(1));
        double[] data = [1 / 3.0, Math.PI, 1e-300, 2e300 / 3];
        StandardScaler standard = StandardScaler.Fit<double>(data, 2);
        MinMaxScaler range = MinMaxScaler.Fit<double>(data, 2, -0.1, 0.7);
        standard.SaveTo(network.Metadata, "x");
        range.SaveTo(network.Metadata, "y");
        Assert.Equal(standard.Scales, StandardScaler.LoadFrom(network.Metadata, "x").Scales);
        MinMaxScaler same = MinMaxScaler.LoadFrom(network.Metadata, "y");
        double[] a = [.. data], b = [.. data];
        range.Transform<double>(a);
        same.Transform<double>(b);
        Assert.Equal(a, b);
        Assert.Throws<InvalidDataException>(() => StandardScaler.LoadFrom(network.Metadata, "y"));
        Assert.Throws<InvalidDataException>(() => StandardScaler.LoadFrom(network.Metadata, "z"));
        network.Metadata["x.scales"] = "1 a";
        Assert.Throws<InvalidDataException>(() => StandardScaler.LoadFrom(network.Metadata, "x"));
    }

    [Fact]
    public void Select_scales_the_chosen_features_as_the_whole_scaler_does()
    {
        foreach (
            FeatureScaler scaler in new FeatureScaler[
] { StandardScaler.Fit<double>(Data, 3), MinMaxScaler.Fit<double>(Data, 3, -1, 2) })
        {
            double[] whole = [.. Data], chosen = [.. Data.Chunk(3).SelectMany(row => new[] { row[2], row[0] })];
            FeatureScaler selected = scaler.Select(2, 0);
            scaler.Transform<double>(whole);
            selected.Transform<double>(chosen);
            Assert.Equal(2, selected.FeatureSize);
            Assert.Equal(whole.Chunk(3).SelectMany(row => new[] { row[2], row[0] }), chosen);
            scaler.Inverse<double>(whole);
            selected.Inverse<double>(chosen);
            Assert.Equal(whole.Chunk(3).SelectMany(row => new[] { row[2], row[0] }), chosen);
            Assert.IsType(scaler.GetType(), selected);
            Assert.Contains(
                "Feature 3 (index 1 of 2) is outside 0 … 2",
                Assert.Throws<ArgumentException>("features", () => scaler.Select(0, 3)).Message);
            Assert.Throws<ArgumentException>("features", () => scaler.Select(-1));
            Assert.Throws<ArgumentException>("features", () => scaler.Select());
        }

        Dictionary<string, string> metadata = [];
        StandardScaler.Fit<double>(Data, 3).Select(0).SaveTo(metadata);
        Assert.Equal([Math.Sqrt(3.5)], StandardScaler.LoadFrom(metadata).Scales);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(256)]
    [InlineData(1000)]
    [InlineData(20_000)]
    public void Fit_takes_rounding_noise_for_no_deviation(int rows)
    {
        double[] data = [.. Enumerable.Range(0, rows).Select(i => 20.1 + i - i)];
        Assert.NotEqual(data.Min(), data.Max());
        foreach (FeatureScaler scaler in new FeatureScaler[] { StandardScaler.Fit<double>(data), MinMaxScaler.Fit<double>(data) })
        {
            Assert.True(scaler.IsConstant(0));
            Assert.Equal([0], scaler.ConstantFeatures);
            Assert.Equal(1, Assert.Single(scaler.Scales));
            double[] later = [20.2];
            scaler.Transform<double>(later);
            Assert.Equal(0.1, later[0], 1e-10);
            double[] same = [.. data];
            scaler.Transform<double>(same);
            Assert.All(same, value => Assert.InRange(value, -1e-10, 1e-10));
            scaler.Inverse<double>(same);
            Assert.Equal(data, same);
        }
    }

    [Theory]
    [InlineData(20)]
    [InlineData(256)]
    [InlineData(1000)]
    public void Fit_takes_rounding_noise_of_float_for_no_deviation(int rows)
    {
        float[] data = [.. Enumerable.Range(0, rows).Select(i => 20.1f + i - i)];
        Assert.NotEqual(data.Min(), data.Max());
        foreach (
            FeatureScaler scaler in new FeatureScaler[
] { StandardScaler.Fit<float>(data), MinMaxScaler.Fit<float>(data, 1, -1, 1) })
        {
            Assert.Equal([0], scaler.ConstantFeatures);
            float[] same = [.. data];
            scaler.Transform<float>(same);
            scaler.Inverse<float>(same);
            Assert.All(data.Zip(same), pair => Assert.Equal(pair.First, pair.Second, 4e-6f));
        }
    }

    [Fact]
    public void Fit_keeps_deviations_that_are_small_beside_the_values_and_no_rounding()
    {
        // A pressure in Pa in float, times in milliseconds, one event in many rows, a sign.
        float[] pressure = [.. Enumerable.Range(0, 10_000).Select(i => 101_325 + (float)Math.Sin(i))];
        double[] times = [.. Enumerable.Range(0, 10_000).Select(i => 1.7e12 + i)], events = new double[100_000],
            signs = [-1e-300, 1e-300, 1e-300];
        events[5] = 1;
        Assert.Empty(StandardScaler.Fit<float>(pressure).ConstantFeatures);
        Assert.Equal(Math.Sqrt(0.5), StandardScaler.Fit<float>(pressure).Scales[0], 2e-3);
        Assert.Equal(9_999, Assert.Single(MinMaxScaler.Fit<double>(times).Scales));
        Assert.Equal(Math.Sqrt(1e-5 * (1 - 1e-5)), StandardScaler.Fit<double>(events).Scales[0], 1e-12);
        Assert.Equal(1, Assert.Single(MinMaxScaler.Fit<double>(events).Scales));
        Assert.False(StandardScaler.Fit<double>(signs).IsConstant(0));
    }

    [Theory]
    [InlineData(1e200)]
    [InlineData(1e-200)]
    [InlineData(1e307)]
    [InlineData(1e-307)]
    public void Fit_measures_values_whose_squares_are_beyond_double(double unit)
    {
        // A power of two changes no bit.
        double scale = Math.ScaleB(1, Math.ILogB(unit));
        double[] data = [1, 3, 4, 8, 2.5, 7, 0.125];
        double[] large = [.. data.Select(value => value * scale)];
        StandardScaler standard = StandardScaler.Fit<double>(data), other = StandardScaler.Fit<double>(large);
        Assert.Equal(standard.Scales[0] * scale, other.Scales[0]);
        Assert.Equal(standard.Centers[0] * scale, other.Centers[0]);
        Assert.Equal(7.875 * scale, MinMaxScaler.Fit<double>(large).Scales[0]);
        standard.Transform<double>(data);
        other.Transform<double>(large);
        Assert.Equal(data, large);
    }

    [Fact]
    public void Fit_refuses_values_and_scales_beyond_double()
    {
        Assert.Contains(
            "Feature 1 goes from -1.7E+308 to 1E+308",
            Assert.Throws<ArgumentException>("rows", () => StandardScaler.Fit<double>([1, 1e308, 2, -1.7e308], 2)).Message);
        Assert.Throws<ArgumentException>("rows", () => MinMaxScaler.Fit<double>([1e308, -1.7e308]));
        Assert.Contains(
            "its scale is",
            Assert.Throws<ArgumentException>("rows", () => MinMaxScaler.Fit<double>([1e308, 0], 1, 0, 0.1)).Message);
        Assert.Contains(
            "its scale is 0",
            Assert.Throws<ArgumentException>("rows", () => MinMaxScaler.Fit<double>([1e-320, 0], 1, 0, 1e5)).Message);
        Assert.Equal([0], StandardScaler.Fit<float>([float.Epsilon, 0]).ConstantFeatures);
        Assert.Equal([0], StandardScaler.Fit<double>([0, 0, 0]).ConstantFeatures);
    }

    [Fact]
    public void Equal_values_become_0_exactly_and_come_back()
    {
        double[] data = [.. Enumerable.Repeat(0.1, 1001)];
        StandardScaler scaler = StandardScaler.Fit<double>(data);
        Assert.Equal(0.1, Assert.Single(scaler.Centers));
        scaler.Transform<double>(data);
        Assert.All(data, value => Assert.Equal(0, value));
        scaler.Inverse<double>(data);
        Assert.All(data, value => Assert.Equal(0.1, value));
    }

    [Fact]
    public void Constant_features_are_selected_saved_and_read_and_old_files_load()
    {
        StandardScaler scaler = StandardScaler.Fit<double>(Data, 3);
        Assert.Equal([1, 2], scaler.ConstantFeatures);
        Assert.Equal("StandardScaler: 3 features, constant: 1, 2", scaler.ToString());
        Assert.Equal([0], scaler.Select(2, 0).ConstantFeatures);
        Dictionary<string, string> metadata = [];
        scaler.SaveTo(metadata);
        Assert.Equal([1, 2], StandardScaler.LoadFrom(metadata).ConstantFeatures);
        metadata["scaler.constant"] = "1 3";
        Assert.Contains("'3'", Assert.Throws<InvalidDataException>(() => StandardScaler.LoadFrom(metadata)).Message);
        metadata["scaler.constant"] = new string('x', 1_000_000);
        Assert.InRange(Assert.Throws<InvalidDataException>(() => StandardScaler.LoadFrom(metadata)).Message.Length, 1, 200);

        // As it was saved before there was a list of them.
        metadata.Remove("scaler.constant");
        Assert.Equal(scaler.Scales, StandardScaler.LoadFrom(metadata).Scales);
        Assert.Empty(StandardScaler.LoadFrom(metadata).ConstantFeatures);

        // One scaler in another's place leaves nothing of it.
        scaler.SaveTo(metadata);
        scaler.Select(0, 0, 0).SaveTo(metadata);
        Assert.Empty(StandardScaler.LoadFrom(metadata).ConstantFeatures);
        Assert.Throws<ArgumentOutOfRangeException>("feature", () => scaler.IsConstant(3));
    }

    [Fact]
    public void LoadFrom_says_what_is_there_instead()
    {
        Dictionary<string, string> metadata = [];
        Assert.Contains(
            "no 'scaler.kind', so there is no scaler saved as 'scaler'. Call scaler.SaveTo",
            Assert.Throws<InvalidDataException>(() => StandardScaler.LoadFrom(metadata)).Message);
        StandardScaler.Fit<double>([1, 2]).SaveTo(metadata, "inputs");
        Assert.Contains(
            "there are 'inputs': give one", Assert.Throws<InvalidDataException>(() => StandardScaler.LoadFrom(metadata)).Message);
        Assert.Contains(
            "'standard', and MinMaxScaler.LoadFrom reads 'minmax'. Use Scaler.LoadFrom",
            Assert.Throws<InvalidDataException>(() => MinMaxScaler.LoadFrom(metadata, "inputs")).Message);
        metadata.Remove("inputs.scales");
        Assert.Contains(
            "no 'inputs.scales'", Assert.Throws<InvalidDataException>(() => StandardScaler.LoadFrom(metadata, "inputs")).Message);
        metadata["inputs.scales"] = "-1";
        Assert.Contains(
            "above 0", Assert.Throws<InvalidDataException>(() => StandardScaler.LoadFrom(metadata, "inputs")).Message);
    }

    [Fact]
    public void Transform_and_Inverse_refuse_values_that_become_infinite_and_change_nothing()
    {
        StandardScaler small = StandardScaler.Fit<double>([5, 0, 7, 1e-30], 2);
        float[] rows = [5, 0, 6, 1e9f, 7, 1e10f], before = [.. rows], destination = [1, 2, 3, 4, 5, 6];
        foreach (
            Action scale in new Action[] { () => small.Transform<float>(rows), () => small.Transform<float>(rows, destination) })
        {
            string message = Assert.Throws<ArgumentException>("rows", scale).Message;
            Assert.Contains(
                "Feature 1 of row 1 is 1E+09; scaled, it is infinite in float (center 5E-31, scale 5E-31, shift 0)", message);
            Assert.Contains("scale in double", message);
            Assert.Equal(before, rows);
            Assert.Equal([1, 2, 3, 4, 5, 6], destination);
        }

        // In double the values have room.
        double[] wide = [.. rows];
        small.Transform<double>(wide);
        Assert.All(wide, value => Assert.True(double.IsFinite(value)));
        small.Inverse<double>(wide);

        MinMaxScaler large = MinMaxScaler.Fit<double>([0, 1e38]);
        float[] forecasts = [0.5f, 3, 4];
        Assert.Contains(
            "Feature 0 of row 2 is 4; with its scaling taken back, it is infinite in float",
            Assert.Throws<ArgumentException>("rows", () => large.Inverse<float>(forecasts)).Message);
        Assert.Equal([0.5f, 3, 4], forecasts);
        double[] beyond = [1e200];
        MinMaxScaler tiny = MinMaxScaler.Fit<double>([0, 1e-200]);
        string inDouble = Assert.Throws<ArgumentException>("rows", () => tiny.Transform<double>(beyond)).Message;
        Assert.Contains("infinite in double", inDouble);
        Assert.DoesNotContain("scale in double", inDouble);
        Assert.Equal([1e200], beyond);
    }

    [Fact]
    public void Transform_and_Inverse_keep_values_that_are_not_finite()
    {
        StandardScaler scaler = StandardScaler.Fit<double>([1, 2]);
        float[] rows = [float.NaN, float.PositiveInfinity, float.NegativeInfinity];
        scaler.Transform<float>(rows);
        Assert.Equal([float.NaN, float.PositiveInfinity, float.NegativeInfinity], rows);
        scaler.Inverse<float>(rows);
        Assert.Equal([float.NaN, float.PositiveInfinity, float.NegativeInfinity], rows);
    }

    [Fact]
    public void Transform_and_Inverse_refuse_a_destination_that_overlaps_in_part()
    {
        StandardScaler scaler = StandardScaler.Fit<double>([1, 2]);
        double[] memory = [1, 2, 3, 4];
        foreach (Action scale in new Action[]
        {
            () => scaler.Transform<double>(memory.AsSpan(0, 3), memory.AsSpan(1, 3)),
            () => scaler.Inverse<double>(memory.AsSpan(1, 3), memory.AsSpan(0, 3)),
        })
        {
            Assert.Contains("overlaps", Assert.Throws<ArgumentException>("destination", scale).Message);
            Assert.Equal([1, 2, 3, 4], memory);
        }

        scaler.Transform<double>(memory.AsSpan(0, 2), memory.AsSpan(2, 2));
        Assert.Equal(-1, memory[2]);
    }

    [Fact]
    public void Bad_input_throws()
    {
        ArgumentException e =
            Assert.Throws<ArgumentException>("rows", () => StandardScaler.Fit<double>([1, 2, 3, double.NaN], 2));
        Assert.Contains("Feature 1 of row 1", e.Message);
        Assert.Throws<ArgumentException>("rows", () => StandardScaler.Fit<double>([], 2));
        Assert.Throws<ArgumentException>("rows", () => StandardScaler.Fit<double>([1, 2, 3], 2));
        Assert.Throws<ArgumentException>("high", () => MinMaxScaler.Fit<double>([1, 2], 1, 1, 1));
        StandardScaler scaler = StandardScaler.Fit<double>([1, 2], 2);
        Assert.Throws<ArgumentException>("rows", () => scaler.Transform<double>(new double[3]));
        Assert.Throws<ArgumentException>("destination", () => scaler.Transform<double>(new double[2], new double[4]));
    }
}
