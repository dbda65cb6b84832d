namespace Lstm.Cells;

/// <summary>
/// A vector of numbers, one for each of several units. The equations of a custom cell are written with this type.
/// </summary>
/// <remarks>
/// <para>The number of elements depends on the hardware. Each operation acts on each element separately, so a formula reads as
/// for one unit. A <see cref="double"/> converts to a vector of its value, rounded to the vector's precision, as in <c>1 -
/// f</c>.</para>
/// <para>The operators, <see cref="Sqrt"/> and <see cref="Abs"/> are exactly rounded. The other functions are within 2 ulp for
/// <see cref="float"/> and 4 for <see cref="double"/>, exact at 0 and ±∞, and return NaN for NaN; a result below the normal
/// numbers may be 0. Every width gives the same bits. <c>a * b + c</c> rounds twice: only <see cref="MultiplyAdd"/> and
/// <see cref="NegatedMultiplyAdd"/> round once, where the hardware does (see docs/reproducibility.md).</para>
/// </remarks>
/// <typeparam name="TSelf">The vector type.</typeparam>
public interface ILane<TSelf>
    where TSelf : struct, ILane<TSelf>
{
    /// <summary>Converts a number to a vector with this value for every unit.</summary>
    static abstract implicit operator TSelf(double value);

    /// <summary>Adds two vectors: a + b.</summary>
    static abstract TSelf operator +(TSelf a, TSelf b);

    /// <summary>Subtracts two vectors: a − b.</summary>
    static abstract TSelf operator -(TSelf a, TSelf b);

    /// <summary>Negates a vector: −a.</summary>
    static abstract TSelf operator -(TSelf a);

    /// <summary>Multiplies two vectors element by element: a·b.</summary>
    static abstract TSelf operator *(TSelf a, TSelf b);

    /// <summary>Divides two vectors element by element: a/b.</summary>
    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>Computes a·b + c, rounded once if the hardware can do so.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>Computes c − a·b, rounded once if the hardware can do so.</summary>
    static abstract TSelf NegatedMultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>Computes the square root √x. The result is NaN if x is below 0.</summary>
    static abstract TSelf Sqrt(TSelf x);

    /// <summary>Computes the absolute value |x|.</summary>
    static abstract TSelf Abs(TSelf x);

    /// <summary>Computes the minimum: b if b &lt; a, else a. The result is NaN if a is NaN.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>Computes the maximum: b if b &gt; a, else a. The result is NaN if a is NaN.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>
    /// Selects <paramref name="then"/> for elements with a &gt; b, and <paramref name="otherwise"/> for the others, including
    /// those where a or b is NaN.
    /// </summary>
    static abstract TSelf WhereGreater(TSelf a, TSelf b, TSelf then, TSelf otherwise);

    /// <summary>Computes the exponential eˣ.</summary>
    static abstract TSelf Exp(TSelf x);

    /// <summary>Computes the natural logarithm log x. The result is −∞ for 0, and NaN below 0.</summary>
    static abstract TSelf Log(TSelf x);

    /// <summary>Computes log(1 + x), with full accuracy near 0. The result is −∞ for −1, and NaN below −1.</summary>
    static abstract TSelf Log1p(TSelf x);

    /// <summary>Computes the logistic function σ(x) = 1/(1 + e⁻ˣ).</summary>
    static abstract TSelf Sigmoid(TSelf x);

    /// <summary>Computes the hyperbolic tangent tanh x.</summary>
    static abstract TSelf Tanh(TSelf x);

    /// <summary>Computes the softplus function log(1 + eˣ).</summary>
    static abstract TSelf Softplus(TSelf x);

    /// <summary>Computes the gradient of x from y = σ(x) and the gradient d of y: d·y(1 − y).</summary>
    static abstract TSelf SigmoidBackward(TSelf y, TSelf gradient);

    /// <summary>Computes the gradient of x from y = tanh(x) and the gradient d of y: d·(1 − y²).</summary>
    static abstract TSelf TanhBackward(TSelf y, TSelf gradient);
}
