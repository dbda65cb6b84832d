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
        foreach (FeatureScaler scaler in new FeatureScaler[] { StandardScaler.Fit<double>(Data, 3), MinMaxScaler.Fit<double>(Data, 3, -1, 2) })
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
            Assert.Contains("Feature 3 is outside 0 … 2", Assert.Throws<ArgumentException>("features", () => scaler.Select(0, 3)).Message);
            Assert.Throws<ArgumentException>("features", () => scaler.Select(-1));
            Assert.Throws<ArgumentException>("features", () => scaler.Select());
        }

        Dictionary<string, string> metadata = [];
        StandardScaler.Fit<double>(Data, 3).Select(0).SaveTo(metadata);
        Assert.Equal([Math.Sqrt(3.5)], StandardScaler.LoadFrom(metadata).Scales);
    }

    [Fact]
    public void Bad_input_throws()
    {
        ArgumentException e = Assert.Throws<ArgumentException>("rows", () => StandardScaler.Fit<double>([1, 2, 3, double.NaN], 2));
        Assert.Contains("Feature 1 of row 1", e.Message);
        Assert.Throws<ArgumentException>("rows", () => StandardScaler.Fit<double>([], 2));
        Assert.Throws<ArgumentException>("rows", () => StandardScaler.Fit<double>([1, 2, 3], 2));
        Assert.Throws<ArgumentException>("high", () => MinMaxScaler.Fit<double>([1, 2], 1, 1, 1));
        StandardScaler scaler = StandardScaler.Fit<double>([1, 2], 2);
        Assert.Throws<ArgumentException>("rows", () => scaler.Transform<double>(new double[3]));
        Assert.Throws<ArgumentException>("destination", () => scaler.Transform<double>(new double[2], new double[4]));
    }
}
