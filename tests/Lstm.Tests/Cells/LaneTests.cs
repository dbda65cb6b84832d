using System.Numerics;
using Lstm.Cells;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;

namespace Lstm.Tests.Cells;

/// <summary>The operations of <see cref="ILane{TSelf}"/> at every width against the scalar ones.</summary>
[Trait("Category", "Widths")]
public abstract unsafe class LaneTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly T[] Values =
        [T.Zero, T.NegativeZero, T.One, -T.One, T.CreateChecked(0.3), T.CreateChecked(-7.25), T.PositiveInfinity,
            T.NegativeInfinity, T.NaN, T.Epsilon, T.CreateChecked(1e-20), T.CreateChecked(88)];

    public static TheoryData<string> Names => [.. Operations.Keys];

    private static Dictionary<string, Func<T, T, T, T>> Operations => new()
    {
        ["+"] = (a, b, _) => a + b,
        ["-"] = (a, b, _) => a - b,
        ["negative"] = (a, _, _) => -a,
        ["*"] = (a, b, _) => a * b,
        ["/"] = (a, b, _) => a / b,
        ["constant"] = (_, _, _) => T.CreateChecked(0.1),
        ["sqrt"] = (a, _, _) => T.Sqrt(a),
        ["abs"] = (a, _, _) => T.Abs(a),
        ["min"] = (a, b, _) => b < a ? b : a,
        ["max"] = (a, b, _) => b > a ? b : a,
        ["where"] = (a, b, c) => a > b ? b : c,
        ["multiply-add"] = (a, b, c) => SimdDispatch.IsFused ? T.FusedMultiplyAdd(a, b, c) : (a * b) + c,
        ["negated multiply-add"] = (a, b, c) => SimdDispatch.IsFused ? T.FusedMultiplyAdd(-a, b, c) : c - (a * b),
        ["exp"] = (a, _, _) => Elementary<SimdScalar<T>, T, T>.Exp(a),
        ["log"] = (a, _, _) => Elementary<SimdScalar<T>, T, T>.Log(a),
        ["log1p"] = (a, _, _) => Elementary<SimdScalar<T>, T, T>.Log1p(a),
        ["sigmoid"] = (a, _, _) => Elementary<SimdScalar<T>, T, T>.Sigmoid(a),
        ["tanh"] = (a, _, _) => Elementary<SimdScalar<T>, T, T>.Tanh(a),
        ["softplus"] = (a, _, _) => Elementary<SimdScalar<T>, T, T>.Softplus(a),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Operation_at_every_width_equals_the_scalar_one(string name)
    {
        T[] first = new T[2 * Values.Length * Values.Length];
        for (int k = 0; k < first.Length; k++)
        {
            first[k] = Values[k % Values.Length];
        }

        T[] second = [.. first.Select((_, k) => Values[k / Values.Length % Values.Length])],
            third = [.. first.Select((_, k) => Values[(k + 5) % Values.Length])];
        T[] expected = [.. first.Select((a, k) => Operations[name](a, second[k], third[k]))];
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
        {
            T[] actual = new T[first.Length];
            fixed (T* a = first, b = second, c = third, y = actual)
            {
                Kernel kernel = new() { Name = name, A = a, B = b, C = c, Y = y, Count = first.Length };
                SimdDispatch.Run<T, Kernel>(width, ref kernel);
            }

            // NaN's payload is nobody's.
            for (int k = 0; k < actual.Length; k++)
            {
                bool same = T.IsNaN(expected[k]) ? T.IsNaN(actual[k]) : actual[k].Equals(expected[k])
                    && T.IsNegative(actual[k]) == T.IsNegative(expected[k]);
                Assert.True(same, $"{width}: {name} of {first[k]}, {second[k]}, {third[k]} is {actual[k]}, not {expected[k]}");
            }
        }
    }

    private struct Kernel : IKernel<T>
    {
        public required string Name;
        public required T* A;
        public required T* B;
        public required T* C;
        public required T* Y;
        public required int Count;

        public readonly void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            for (int k = 0; k < Count; k += TSimd.Width)
            {
                Lane<TSimd, TVec, T> a = new(TSimd.Load(A + k)), b = new(TSimd.Load(B + k)), c = new(TSimd.Load(C + k));
                TSimd.Store(Y + k, Apply(a, b, c).Value);
            }
        }

        private readonly TLane Apply<TLane>(TLane a, TLane b, TLane c)
            where TLane : struct, ILane<TLane> => Name switch
            {
                "+" => a + b,
                "-" => a - b,
                "negative" => -a,
                "*" => a * b,
                "/" => a / b,
                "constant" => 0.1,
                "sqrt" => TLane.Sqrt(a),
                "abs" => TLane.Abs(a),
                "min" => TLane.Min(a, b),
                "max" => TLane.Max(a, b),
                "where" => TLane.WhereGreater(a, b, b, c),
                "multiply-add" => TLane.MultiplyAdd(a, b, c),
                "negated multiply-add" => TLane.NegatedMultiplyAdd(a, b, c),
                "exp" => TLane.Exp(a),
                "log" => TLane.Log(a),
                "log1p" => TLane.Log1p(a),
                "sigmoid" => TLane.Sigmoid(a),
                "tanh" => TLane.Tanh(a),
                "softplus" => TLane.Softplus(a),
                _ => throw new NotSupportedException(Name),
            };
    }
}

public class LaneTestsOfFloat : LaneTests<float>;

public class LaneTestsOfDouble : LaneTests<double>;
