using Lstm.Tests.Support;

namespace Lstm.Tests.Networks;

/// <summary>
/// Threads that use one object at the same time: each call gives the right bits or is refused, and the process goes on.
/// </summary>
public sealed class RaceTests
{
    private const int Threads = 4;
    private readonly Network<float> network = Network.Create<float>(1, 1, new LstmSpec(32), new DenseSpec(1));

    [Fact]
    public async Task Predict_while_another_thread_refills_the_batch()
    {
        SequenceBatch<float> batch = SequenceBatch.FromSequences<float>([new float[100]]);
        float[] zeros = network.Predict(SequenceBatch.FromSequences<float>([new float[3000]])).Rows.ToArray();
        using CancellationTokenSource ended = new();

        // Many short refills and passes: a reader that leaves just when it is in the way is not to be taken for another refill.
        Task filling = Task.Factory.StartNew(
            () =>
            {
                Random random = new(1);
                while (!ended.IsCancellationRequested)
                {
                    batch.Fill([new float[1 + random.Next(random.Next(10) == 0 ? 3000 : 20)]]);
                }
            },
            TaskCreationOptions.LongRunning);
        for (int right = 0; right < 2000 && !filling.IsCompleted;)
        {
            if (Try(() => network.Predict(batch)) is { } output)
            {
                Assert.Equal(zeros.AsSpan(0, output.RowCount), output.Rows);
                right++;
            }
            else
            {
                Thread.Yield();
            }
        }

        ended.Cancel();
        await filling;
    }

    [Fact]
    public void Steps_of_one_stream_by_several_threads_each_its_own_session()
    {
        using NetworkStream<float> stream = network.OpenStream(Threads), alone = network.OpenStream();
        float[] x = Sample.Values<float>(1, 200), expected = new float[x.Length];
        for (int t = 0; t < x.Length; t++)
        {
            alone.Step(x.AsSpan(t, 1), expected.AsSpan(t, 1));
        }

        float[][] outputs = [.. Enumerable.Range(0, Threads).Select(_ => new float[x.Length])];
        Together(worker =>
        {
            for (int t = 0; t < x.Length;)
            {
                if (Try(() =>
                {
                    stream.Step(
                    [worker], x.AsSpan(t, 1), outputs[worker].AsSpan(t, 1)); return stream;
                }) is not null)
                {
                    t++;
                }
            }
        });
        Assert.All(outputs, output => Assert.Equal(expected, output));
    }

    [Fact]
    public void Passes_on_one_workspace_tape_and_state()
    {
        SequenceBatch<float>[] batches =
            [.. Enumerable.Range(0, Threads).Select(i => Sample.Batch<float>(i, 1, 5 + (40 * i), 3))];
        float[][] expected = [.. batches.Select(batch => Sample.Flat(network.Predict(batch)))];
        using Workspace<float> workspace = network.CreateWorkspace(2);
        using Tape<float> tape = network.CreateTape(2);
        NetworkState<float> state = network.CreateState(2);
        Together(worker =>
        {
            for (int i = 0; i < 200; i++)
            {
                // The output is the workspace's: a list is right only if nobody has made another pass before it was taken.
                _ = Try(() => network.Predict(batches[worker], null, workspace));
                _ = Try(() => network.Predict(batches[worker], state));
                _ = Try(() => network.Forward(batches[worker], tape));
                _ = Try(() => { network.Backward(tape, network.CreateGradient()); return tape; });
                Assert.Equal(expected[worker], Sample.Flat(network.Predict(batches[worker])));
            }
        });
        Assert.Equal(expected[1], Sample.Flat(network.Predict(batches[1], null, workspace)));
        Assert.Equal(expected[2], Sample.Flat(network.Forward(batches[2], tape)));
    }

    [Fact]
    public void Ids_and_labels_that_change_during_passes()
    {
        Network<float> words = Network.Create<float>(50, 1, new EmbeddingSpec(8), new LstmSpec(8), new DenseSpec(50));
        SequenceBatch<int> ids = Sample.Ids(1, 50, 60, 40), labels = Sample.Ids(2, 50, 60, 40);
        using CancellationTokenSource ended = new();
        Thread changing = new(() =>
        {
            for (int i = 0; !ended.IsCancellationRequested; i++)
            {
                int place = i % 100, kept = ids.Rows[place];
                ids.Rows[place] = labels.Rows[place] = i % 2 == 0 ? 1 << 30 : int.MinValue;
                ids.Rows[place] = labels.Rows[place] = kept;
            }
        });
        changing.Start();
        using Tape<float> tape = words.CreateTape();
        using NetworkStream<float> stream = words.OpenStream(), streams = words.OpenStream(60);
        SoftmaxCrossEntropy<float> loss = new();
        float[] output = new float[50 * 60];
        for (int i = 0; i < 200; i++)
        {
            Gradient<float>? gradient = i % 2 == 0 ? words.CreateGradient() : null;
            _ = Try(() => words.Predict(ids));
            if (Try(() => { words.ForwardLoss(ids, labels, loss, tape, null, gradient); return tape; }) is not null)
            {
                _ = Try(() => { words.Backward(tape, gradient ?? words.CreateGradient()); return tape; });
            }

            _ = Try(() => { loss.Evaluate(words.Forward(ids, tape), labels, tape.OutputGradient); return tape; });
            _ = Try(() => { stream.StepIds(ids.Rows[..1], output.AsSpan(0, 50)); return stream; });
            _ = Try(() => { streams.StepIds(ids.Rows[..60], output); return stream; });
        }

        ended.Cancel();
        changing.Join();
        words.ForwardLoss(ids, labels, loss, tape);
        words.Backward(tape, words.CreateGradient());
    }

    [Fact]
    public void Disposal_during_use()
    {
        SequenceBatch<float> batch = Sample.Batch<float>(1, 1, 50, 30, 20);
        float[] expected = Sample.Flat(network.Predict(batch));
        for (int round = 0; round < 30; round++)
        {
            using Workspace<float> workspace = network.CreateWorkspace(2);
            using NetworkStream<float> stream = network.OpenStream(2, 2);
            using Barrier barrier = new(2);
            Thread disposing = new(() =>
            {
                barrier.SignalAndWait();
                Thread.SpinWait(round * 300);
                workspace.Dispose();
                stream.Dispose();
            });
            disposing.Start();
            barrier.SignalAndWait();
            for (int i = 0; i < 20; i++)
            {
                try
                {
                    Assert.Equal(expected, Sample.Flat(network.Predict(batch, null, workspace)));
                    stream.Step(new float[2], new float[2]);
                }
                catch (ObjectDisposedException)
                {
                }
            }

            disposing.Join();
        }
    }

    private static TResult? Try<TResult>(Func<TResult> call)
        where TResult : class
    {
        try
        {
            return call();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
        catch (ArgumentException e) when (
            e.Message.Contains("id", StringComparison.Ordinal) || e.Message.Contains("Label", StringComparison.Ordinal))
        {
            return null;
        }
    }

    private static void Together(Action<int> work)
    {
        List<Exception> failures = [];
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(worker => new Thread(() =>
        {
            try
            {
                work(worker);
            }
            catch (Exception e)
            {
                lock (failures)
                {
                    failures.Add(e);
                }
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Empty(failures);
    }
}
