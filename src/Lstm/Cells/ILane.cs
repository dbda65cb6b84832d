namespace Lstm.Cells;

/// <summary>
/// A vector of numbers of one precision, one for each of several units: what the equations of a custom cell are written in.
/// </summary>
/// <remarks>
/// <para>How many numbers it holds depends on the hardware; every operation acts on each of them alone, so a formula reads as if
/// for one unit. A <see cref="double"/> converts to a vector of that value, rounded to the precision: <c>1 - f</c>.</para>
/// <para>The operators, <see cref="Sqrt"/> and <see cref="Abs"/> are exactly rounded. The other functions are within 2 ulp for
/// <see cref="float"/> and 4 for <see cref="double"/>, exact at 0 and ±∞, and have NaN for NaN; a result below the normal numbers
/// may be 0. Every width gives the same bits. <c>a * b + c</c> rounds twice: only <see cref="MultiplyAdd"/> and
/// <see cref="NegatedMultiplyAdd"/> round once, where the hardware does (see docs/reproducibility.md).</para>
/// </remarks>
/// <typeparam name="TSelf">The vector itself.</typeparam>
public interface ILane<TSelf>
    where TSelf : struct, ILane<TSelf>
{
    /// <summary>The same value for every unit.</summary>
    static abstract implicit operator TSelf(double value);

    /// <summary>a + b.</summary>
    static abstract TSelf operator +(TSelf a, TSelf b);

    /// <summary>a − b.</summary>
    static abstract TSelf operator -(TSelf a, TSelf b);

    /// <summary>−a.</summary>
    static abstract TSelf operator -(TSelf a);

    /// <summary>a·b.</summary>
    static abstract TSelf operator *(TSelf a, TSelf b);

    /// <summary>a/b.</summary>
    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>a·b + c, rounded once where the hardware can.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>c − a·b, rounded once where the hardware can.</summary>
    static abstract TSelf NegatedMultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>√x; NaN below 0.</summary>
    static abstract TSelf Sqrt(TSelf x);

    /// <summary>|x|.</summary>
    static abstract TSelf Abs(TSelf x);

    /// <summary>b where b &lt; a, else a, so that a stays NaN.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>b where b &gt; a, else a, so that a stays NaN.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>
    /// <paramref name="then"/> where a &gt; b, <paramref name="otherwise"/> elsewhere: where either is NaN, too.
    /// </summary>
    static abstract TSelf WhereGreater(TSelf a, TSelf b, TSelf then, TSelf otherwise);

    /// <summary>eˣ.</summary>
    static abstract TSelf Exp(TSelf x);

    /// <summary>The natural logarithm; −∞ for 0, NaN below.</summary>
    static abstract TSelf Log(TSelf x);

    /// <summary>log(1 + x), with full accuracy near 0; −∞ for −1, NaN below.</summary>
    static abstract TSelf Log1p(TSelf x);

    /// <summary>σ(x) = 1/(1 + e⁻ˣ).</summary>
    static abstract TSelf Sigmoid(TSelf x);

    /// <summary>tanh x.</summary>
    static abstract TSelf Tanh(TSelf x);

    /// <summary>log(1 + eˣ).</summary>
    static abstract TSelf Softplus(TSelf x);

    /// <summary>The gradient of x from that of y = σ(x), which is all it needs to know: d·y(1 − y).</summary>
    static abstract TSelf SigmoidBackward(TSelf y, TSelf gradient);

    /// <summary>The gradient of x from that of y = tanh(x), which is all it needs to know: d·(1 − y²).</summary>
    static abstract TSelf TanhBackward(TSelf y, TSelf gradient);
}
