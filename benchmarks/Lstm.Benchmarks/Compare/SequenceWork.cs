using System.Numerics;

namespace Lstm.Benchmarks.Compare;

/// <summary><c>infer_seq</c>: a batch through <c>Predict</c> with a warm workspace.</summary>
internal sealed class SequenceWork<T>(Setup<T> setup, int threads) : Work
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Workspace<T> _workspace = setup.Network.CreateWorkspace(threads);

    public override double Flops => setup.Configuration.ForwardFlops;

    public override int Threads => threads;

    public override void Check()
    {
        Configuration sizes = setup.Configuration;
        double[] expected = setup.CreateOracle().Forward(Setup<T>.Doubles(setup.Batch.Rows), sizes.T, sizes.B);
        SequenceBatch<T> output = setup.Network.Predict(setup.Batch, workspace: _workspace);
        setup.RequireClose("output", output.Rows, expected);
    }

    public override void Run(int iterations)
    {
        for (int n = 0; n < iterations; n++)
        {
            setup.Network.Predict(setup.Batch, workspace: _workspace);
        }
    }

    public override void Dispose() => _workspace.Dispose();
}
