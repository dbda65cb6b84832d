using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Training.Optimizers;

/// <summary>The arithmetic that Adam and AdamW share.</summary>
// SAFETY: all pointers are to buffers as long as the parameters' layout: the network's own, a gradient's of that layout
// (Optimizer.Step checks it), and the state's (OptimizerPart). An index lies in a range of parameters of that layout,
// which Optimizer.Run asserts.
internal unsafe struct AdamRule<T> : IUpdateRule<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Whether λ·p is added: 0·∞ would be NaN.</summary>
    public bool Decays;

    /// <summary>λ of Adam: p pulls through the gradient; 0 for AdamW.</summary>
    public T Decay;

    /// <summary>1 − η·λ of AdamW: p shrinks by itself; 1 for Adam.</summary>
    public T Keep;

    private T* _parameters;
    private T* _gradient;
    private T* _mean;
    private T* _square;
    private T _beta1;
    private T _fresh1;
    private T _beta2;
    private T _fresh2;
    private T _rate;
    private T _rootCorrection;
    private T _epsilon;

    public static ReadOnlySpan<string> Buffers => new string[] { "exp_avg", "exp_avg_sq" };

    public static ReadOnlySpan<(string Name, double Start)> Scalars => new[] { ("beta1_power", 1.0), ("beta2_power", 1.0) };

    /// <summary>Counts the parameters [first, end) one step further, and gives that step's constants.</summary>
    public static AdamRule<T> Next(
        OptimizerPart<T> part, Gradient<T> gradient, int first, int end, double learningRate, double beta1, double beta2,
        double epsilon)
    {
        double[][] powers = part.Scalars;
        double power1 = powers[0][first] * beta1;
        double power2 = powers[1][first] * beta2;
        powers[0].AsSpan(first..end).Fill(power1);
        powers[1].AsSpan(first..end).Fill(power2);
        return new AdamRule<T>
        {
            Decay = T.Zero,
            Keep = T.One,
            _parameters = part.Network.ParameterPointer,
            _gradient = gradient.Buffer.Pointer,
            _mean = part.Buffers[0].Pointer,
            _square = part.Buffers[1].Pointer,
            _beta1 = T.CreateTruncating(beta1),
            _fresh1 = T.CreateTruncating(1 - beta1),
            _beta2 = T.CreateTruncating(beta2),
            _fresh2 = T.CreateTruncating(1 - beta2),
            _rate = T.CreateTruncating(learningRate / (1 - power1)),
            _rootCorrection = T.CreateTruncating(Math.Sqrt(1 - power2)),
            _epsilon = T.CreateTruncating(epsilon),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Update<TSimd, TVec>(nint index)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec p = TSimd.Load(_parameters + index);
        TVec g = TSimd.Load(_gradient + index);
        if (Decays)
        {
            g = TSimd.MultiplyAdd(p, TSimd.Broadcast(Decay), g);
        }

        p = TSimd.Multiply(p, TSimd.Broadcast(Keep));
        TVec m = TSimd.Multiply(TSimd.Load(_mean + index), TSimd.Broadcast(_beta1));
        m = TSimd.MultiplyAdd(g, TSimd.Broadcast(_fresh1), m);
        TVec v = TSimd.Multiply(TSimd.Load(_square + index), TSimd.Broadcast(_beta2));
        v = TSimd.MultiplyAdd(TSimd.Multiply(g, g), TSimd.Broadcast(_fresh2), v);
        TSimd.Store(_mean + index, m);
        TSimd.Store(_square + index, v);
        TVec below = TSimd.Add(TSimd.Divide(TSimd.Sqrt(v), TSimd.Broadcast(_rootCorrection)), TSimd.Broadcast(_epsilon));
        TSimd.Store(_parameters + index, TSimd.NegatedMultiplyAdd(TSimd.Divide(m, below), TSimd.Broadcast(_rate), p));
    }
}
