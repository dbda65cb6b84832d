using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

public class GradientClipTests
{
    [Theory]
    [InlineData("clip_norm2_big")]
    [InlineData("clip_norm2_small")]
    [InlineData("clip_zero")]
    public void ByGlobalNorm_of_a_reference_case_is_PyTorchs(string name)
    {
        string path = Path.Combine(Shared.RequireConformance(), "torch", "optim", name);
        Check<double>(TensorFile.Read(path + ".f64.safetensors"), 1e-10, name);
        Check<float>(TensorFile.Read(path + ".f32.safetensors"), 1e-5, name);
    }

    [Fact]
    public void ByTensorNorm_scales_each_parameter_by_itself()
    {
        (_, Gradient<double> gradient) = Make();
        Assert.Equal(Math.Sqrt(26), GradientClip.ByTensorNorm(2.5).Apply(gradient), 1e-15);
        double factor = 2.5 / (5 + 1e-6);
        Assert.Equal([3 * factor, 4 * factor], Read(gradient, "dense.weight"));
        Assert.Equal([1.0], Read(gradient, "dense.bias"));
    }

    [Fact]
    public void ByValue_clamps()
    {
        (_, Gradient<double> gradient) = Make();
        gradient.Write("dense.bias", Tensor.Create([-7.0], [1]));
        GradientClip.ByValue(3.5).Apply(gradient);
        Assert.Equal([3, 3.5], Read(gradient, "dense.weight"));
        Assert.Equal([-3.5], Read(gradient, "dense.bias"));
    }

    [Fact]
    public void None_measures_only()
    {
        (_, Gradient<double> gradient) = Make();
        Assert.Equal(Math.Sqrt(26), GradientClip.None.Apply(gradient), 1e-15);
        Assert.Equal([3.0, 4], Read(gradient, "dense.weight"));
    }

    [Fact]
    public void Apply_leaves_frozen_parameters_out()
    {
        (Network<double> network, Gradient<double> gradient) = Make();
        network.SetTrainable("dense.weight", false);
        gradient.Write("dense.weight", Tensor.Create([double.NaN, 100], [1, 2]));
        Assert.Equal(1, GradientClip.ByGlobalNorm(0.5).Apply(gradient));
        Assert.Equal(100, Read(gradient, "dense.weight")[1]);
        Assert.Equal([0.5 / (1 + 1e-6)], Read(gradient, "dense.bias"));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Apply_of_a_gradient_that_is_not_finite_names_the_first_and_changes_nothing(double bad)
    {
        foreach (
            GradientClip clip in new[] { GradientClip.None, GradientClip.ByValue(1), GradientClip.ByTensorNorm(1),
                GradientClip.ByGlobalNorm(1) })
        {
            (_, Gradient<double> gradient) = Make();
            gradient.Write("dense.bias", Tensor.Create([bad], [1]));
            NonFiniteGradientException e = Assert.Throws<NonFiniteGradientException>(() => clip.Apply(gradient));
            Assert.Equal("dense.bias", e.ParameterName);
            Assert.Equal([3.0, 4], Read(gradient, "dense.weight"));
        }
    }

    [Fact]
    public void Apply_where_only_the_sum_of_squares_overflows_throws_and_changes_nothing()
    {
        (_, Gradient<double> gradient) = Make();
        gradient.Write("dense.weight", Tensor.Create([1.3e154, 0], [1, 2]));
        gradient.Write("dense.bias", Tensor.Create([1.3e154], [1]));
        Assert.Equal(
            "dense.bias",
            Assert.Throws<NonFiniteGradientException>(() => GradientClip.ByGlobalNorm(1).Apply(gradient)).ParameterName);
        Assert.Equal([1.3e154, 0], Read(gradient, "dense.weight"));
    }

    [Fact]
    public void Limits_out_of_range_throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>("max", () => GradientClip.ByGlobalNorm(0));
        Assert.Throws<ArgumentOutOfRangeException>("max", () => GradientClip.ByTensorNorm(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("max", () => GradientClip.ByValue(-1));
    }

    [Fact]
    public unsafe void SquareSum_is_the_same_on_every_width_and_any_number_of_workers()
    {
        using WorkerTeam team = SharingAll.Team(3);
        Random random = new(1);
        foreach (int count in new[] { 0, 1, 15, 16, 17, 33, 4095, 4096, 4097, 8191, 8192, 9000, 66_000 })
        {
            float[] single = [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble())];
            double[] wide = Array.ConvertAll(single, x => x * 1.1);
            fixed (float* s = single)
            {
                fixed (double* d = wide)
                {
                    double a = SquareSum<float>.Of(SimdWidth.Scalar, s, count, null), b = SquareSum<double>
                        .Of(SimdWidth.Scalar, d, count, null);
                    Assert.Equal(InDocumentedOrder(Array.ConvertAll(single, x => (double)x)), a);
                    Assert.Equal(InDocumentedOrder(wide), b);
                    foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
                    {
                        Assert.Equal(a, SquareSum<float>.Of(width, s, count, null));
                        Assert.Equal(a, SquareSum<float>.Of(width, s, count, team));
                        Assert.Equal(b, SquareSum<double>.Of(width, d, count, null));
                        Assert.Equal(b, SquareSum<double>.Of(width, d, count, team));
                    }
                }
            }
        }
    }

    // Sixteen chains over blocks of 4096; the chains of a block, then the blocks, in order.
    private static double InDocumentedOrder(double[] values)
    {
        double total = 0;
        foreach (double[] block in values.Chunk(4096))
        {
            double[] chains = new double[16];
            for (int k = 0; k < block.Length; k++)
            {
                chains[k % 16] += block[k] * block[k];
            }

            total += chains.Aggregate(0.0, (sum, chain) => sum + chain);
        }

        return total;
    }

    [Fact]
    public void Apply_on_a_team_gives_the_bits_of_one_worker()
    {
        Network<float> network = Network.Create<float>(300, new LstmSpec(130), new DenseSpec(7));
        Random random = new(1);
        float[] values = [.. Enumerable.Range(0, network.Layout.Length).Select(_ => (float)(random.NextDouble() - 0.5))];
        using WorkerTeam team = SharingAll.Team(2);
        foreach (
            GradientClip clip in new[] { GradientClip.ByGlobalNorm(0.1), GradientClip.ByTensorNorm(0.1),
                GradientClip.ByValue(0.2) })
        {
            Gradient<float> one = network.CreateGradient(), many = network.CreateGradient();
            values.CopyTo(one.Flat);
            values.CopyTo(many.Flat);
            long before = team.SharedRuns;
            Assert.Equal(clip.Apply(one), clip.Apply<float>([many], [string.Empty], SimdDispatch.Best, team));
            Assert.True(team.SharedRuns > before, "the team did nothing");
            Close.SameBits<float>(one.Flat, many.Flat, clip.ToString());
        }
    }

    private static (Network<double> Network, Gradient<double> Gradient) Make()
    {
        Network<double> network = Network.Create<double>(2, new DenseSpec(1));
        Gradient<double> gradient = network.CreateGradient();
        gradient.Write("dense.weight", Tensor.Create([3.0, 4.0], [1, 2]));
        gradient.Write("dense.bias", Tensor.Create([1.0], [1]));
        return (network, gradient);
    }

    private static T[] Read<T>(Gradient<T> gradient, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = new T[gradient.Layout.Find(name).Count];
        gradient.Read(name).FlattenTo(values);
        return values;
    }

    private static void Check<T>(TensorFile file, double tolerance, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = Network.Create<T>(3, new DenseSpec(4), new DenseSpec(5));
        Gradient<T> gradient = network.CreateGradient();
        gradient.Write("dense.weight", Tensor.Create(Array.ConvertAll(file.Doubles("in.grad0"), T.CreateChecked), [4, 3]));
        gradient.Write("dense_1.bias", Tensor.Create(Array.ConvertAll(file.Doubles("in.grad1"), T.CreateChecked), [5]));
        double norm = GradientClip.ByGlobalNorm(1).Apply(gradient);
        Close.Relative<double>(file.Doubles("out.total_norm"), new double[] { norm }, tolerance, name);
        Close.Relative<double>(file.Doubles("out.grad0"), Rows.Doubles<T>(Read(gradient, "dense.weight")), tolerance, name);
        Close.Relative<double>(file.Doubles("out.grad1"), Rows.Doubles<T>(Read(gradient, "dense_1.bias")), tolerance, name);
    }
}
