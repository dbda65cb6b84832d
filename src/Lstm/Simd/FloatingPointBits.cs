namespace Lstm.Simd;

/// <summary>The layout of a <see cref="float"/>.</summary>
internal static class FloatBits
{
    public const int MantissaBits = 23;
    public const uint MantissaMask = 0x007F_FFFF;
    public const uint One = 0x3F80_0000;

    /// <summary>√½ rounded up.</summary>
    public const uint SqrtHalf = 0x3F35_04F3;

    /// <summary>2²³: or-ing a small integer into its mantissa makes the number 2²³ + integer.</summary>
    public const uint IntegerShift = 0x4B00_0000;

    /// <summary>2²³ + 127: takes the exponent's bias off again with the shift.</summary>
    public const double BiasedIntegerShift = 8388608.0 + 127.0;
}

/// <summary>The layout of a <see cref="double"/>.</summary>
internal static class DoubleBits
{
    public const int MantissaBits = 52;
    public const ulong MantissaMask = 0x000F_FFFF_FFFF_FFFF;
    public const ulong One = 0x3FF0_0000_0000_0000;

    /// <summary>√½ rounded up.</summary>
    public const ulong SqrtHalf = 0x3FE6_A09E_667F_3BCD;

    /// <summary>2⁵²: or-ing a small integer into its mantissa makes the number 2⁵² + integer.</summary>
    public const ulong IntegerShift = 0x4330_0000_0000_0000;

    /// <summary>2⁵² + 1023: takes the exponent's bias off again with the shift.</summary>
    public const double BiasedIntegerShift = 4503599627370496.0 + 1023.0;
}
