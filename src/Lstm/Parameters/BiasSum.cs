using System.Numerics;

namespace Lstm.Parameters;

/// <summary>The sum of two bias vectors for a layer that has one.</summary>
internal static class BiasSum
{
    /// <summary>Adds in double and rounds once, whatever the precision of the file and of the network is.</summary>
    public static T Of<T>(double first, double second)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => T.CreateTruncating(first + second);
}
