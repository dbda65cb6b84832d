using System.Numerics;
using Lstm.Runtime;

namespace Lstm.Layers;

/// <summary>Layer normalisation of rows, or dx from dy.</summary>
/// <remarks>
/// <para>μ = Σx/n, r = 1/√(Σ(x − μ)²/n + ε), y = γ⊙(x − μ)·r + β. Backward, with n = (x − μ)·r and d = γ⊙dy: dx = r·(d − mean d −
/// n·mean(d⊙n)).</para>
/// <para>Only the first Features of Width values are normalised; the others, and their gradients, are copied.</para>
/// <para>The sums are in double, in the order of the values, and each element is rounded by itself: every width gives the same
/// bits.</para>
/// </remarks>
// SAFETY: LayerNormLayer, which alone makes one, gives it Rows rows of Width ≥ Features values in X, Destination and, unless
// null, OutputGradient, two values of Scales for each row, and Features of Gamma and Beta. A share is a range of these rows.
internal unsafe struct RowNormalization<T> : IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required int Rows;
    public required int Features;

    /// <summary>Values of a row.</summary>
    public required int Width;
    public required double Epsilon;

    /// <summary>x [Rows, Width].</summary>
    public required T* X;
    public required T* Gamma;
    public required T* Beta;

    /// <summary>μ and r of each row [Rows, 2]: written forward, read backward.</summary>
    public required T* Scales;

    /// <summary>y, or dx [Rows, Width].</summary>
    public required T* Destination;

    /// <summary>dy [Rows, Width] for the backward pass; null for the forward pass.</summary>
    public T* OutputGradient;

    public readonly long Work => (long)Rows * Features * JobWork.HardElement;

    public readonly int SharesFor(int workers) => Math.Min(workers, Rows);

    public readonly void Run(WorkShare share)
    {
        (int first, int end) = share.Of(Rows);
        for (int row = first; row < end; row++)
        {
            nint offset = (nint)row * Width;
            if (OutputGradient == null)
            {
                Forward(X + offset, Destination + offset, Scales + (2 * (nint)row));
                CopyRest(X + offset, Destination + offset);
            }
            else
            {
                Backward(X + offset, OutputGradient + offset, Destination + offset, Scales + (2 * (nint)row));
                CopyRest(OutputGradient + offset, Destination + offset);
            }
        }
    }

    private readonly void CopyRest(T* source, T* destination)
        => new ReadOnlySpan<T>(source + Features, Width - Features).CopyTo(new Span<T>(destination + Features, Width - Features));

    private readonly void Forward(T* x, T* y, T* scales)
    {
        double sum = 0, squares = 0;
        for (nint f = 0; f < Features; f++)
        {
            sum += double.CreateTruncating(x[f]);
        }

        double mean = sum / Features;
        for (nint f = 0; f < Features; f++)
        {
            double distance = double.CreateTruncating(x[f]) - mean;
            squares += distance * distance;
        }

        scales[0] = T.CreateTruncating(mean);
        scales[1] = T.CreateTruncating(1 / Math.Sqrt((squares / Features) + Epsilon));
        for (nint f = 0; f < Features; f++)
        {
            y[f] = (Gamma[f] * ((x[f] - scales[0]) * scales[1])) + Beta[f];
        }
    }

    private readonly void Backward(T* x, T* dy, T* dx, T* scales)
    {
        T mean = scales[0], scale = scales[1];
        double sum = 0, product = 0;
        for (nint f = 0; f < Features; f++)
        {
            double d = double.CreateTruncating(Gamma[f] * dy[f]);
            sum += d;
            product += d * double.CreateTruncating((x[f] - mean) * scale);
        }

        T meanOfD = T.CreateTruncating(sum / Features), meanOfProduct = T.CreateTruncating(product / Features);
        for (nint f = 0; f < Features; f++)
        {
            dx[f] = scale * ((Gamma[f] * dy[f]) - meanOfD - (((x[f] - mean) * scale) * meanOfProduct));
        }
    }
}
