namespace Lstm.Tests.Kernels;

/// <summary>The functions of <c>Elementary</c> to about 30 digits, as the unevaluated sum of two doubles.</summary>
/// <remarks>
/// Only +, −, ·, ÷, sqrt-free and exact multiply-adds: no C runtime. Arguments and results are within the normal numbers;
/// the callers handle the rest.
/// </remarks>
internal readonly record struct ElementaryReference(double High, double Low)
{
    // ln 2 to 138 bits; the first part has 32 bits, so that its product with an exponent is exact.
    private const double Ln2A = 0.6931471806019545;
    private const double Ln2B = -4.2009150726810846e-11;
    private const double Ln2C = -1.3124698417785255e-27;

    public static implicit operator ElementaryReference(double value) => new(value, 0);

    public static ElementaryReference operator -(ElementaryReference a) => new(-a.High, -a.Low);

    public static ElementaryReference operator +(ElementaryReference a, ElementaryReference b)
    {
        double sum = a.High + b.High;
        double part = sum - a.High;
        double lost = a.High - (sum - part) + (b.High - part);
        return Normal(sum, lost + (a.Low + b.Low));
    }

    public static ElementaryReference operator -(ElementaryReference a, ElementaryReference b) => a + -b;

    public static ElementaryReference operator *(ElementaryReference a, ElementaryReference b)
    {
        double product = a.High * b.High;
        double lost = Math.FusedMultiplyAdd(a.High, b.High, -product);
        return Normal(product, lost + (a.High * b.Low + a.Low * b.High));
    }

    public static ElementaryReference operator /(ElementaryReference a, ElementaryReference b)
    {
        double quotient = a.High / b.High;
        ElementaryReference rest = a - b * quotient;
        double second = rest.High / b.High;
        rest -= b * second;
        return new ElementaryReference(quotient, 0) + second + rest.High / b.High;
    }

    public static ElementaryReference Exp(ElementaryReference x) => ExpM1(x, out int n) switch
    {
        var m => (m + 1).Scaled(n),
    };

    public static ElementaryReference Log(ElementaryReference x)
    {
        int exponent = Math.ILogB(x.High);
        ElementaryReference m = x.Scaled(-exponent);
        if (m.High > 1.4)
        {
            exponent++;
            m = m.Scaled(-1);
        }

        return Ln2Times(exponent) + LogNearOne(m - 1);
    }

    public static ElementaryReference Log1p(ElementaryReference x) =>
        Math.Abs(x.High) < 0.4 ? LogNearOne(x) : Log(x + 1);

    public static ElementaryReference Tanh(ElementaryReference x)
    {
        ElementaryReference m = ExpM1(x + x, out int n);
        ElementaryReference e = n == 0 ? m : (m + 1).Scaled(n) - 1;
        return e / (e + 2);
    }

    public static ElementaryReference Sigmoid(ElementaryReference x) => (ElementaryReference)1 / (Exp(-x) + 1);

    public static ElementaryReference Softplus(ElementaryReference x) => x.High > 0 ? x + Log1p(Exp(-x)) : Log1p(Exp(x));

    // eˣ = 2ⁿ·(1 + result), |result| at most about 0.42.
    private static ElementaryReference ExpM1(ElementaryReference x, out int n)
    {
        n = (int)Math.Round(x.High / Ln2A);
        ElementaryReference r = x - Ln2Times(n);

        // A Taylor series of r/512 ends after ten terms; (1 + m)² − 1 = 2m + m² keeps the relative accuracy of small m.
        r = r.Scaled(-9);
        ElementaryReference m = 0;
        for (int k = 10; k >= 1; k--)
        {
            m = (m + 1) * r / k;
        }

        for (int k = 0; k < 9; k++)
        {
            m = m + m + m * m;
        }

        return m;
    }

    // log(1 + f) = 2·artanh(s), s = f/(2 + f), |s| < 0.18.
    private static ElementaryReference LogNearOne(ElementaryReference f)
    {
        ElementaryReference s = f / (f + 2);
        ElementaryReference z = s * s;
        ElementaryReference sum = 0;
        for (int k = 43; k >= 1; k -= 2)
        {
            sum = sum * z + (ElementaryReference)1 / k;
        }

        return s * sum.Scaled(1);
    }

    private static ElementaryReference Ln2Times(int n) =>
        (ElementaryReference)(n * Ln2A) + (ElementaryReference)n * Ln2B + n * Ln2C;

    private static ElementaryReference Normal(double high, double low)
    {
        double sum = high + low;
        return new(sum, low - (sum - high));
    }

    private ElementaryReference Scaled(int n) => new(Math.ScaleB(High, n), Math.ScaleB(Low, n));
}
