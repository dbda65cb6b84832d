using System.Numerics.Tensors;
using Lstm.Tests.Support;

namespace Lstm.Tests.Sequences;

public class SequenceBatchTests
{
    [Fact]
    public void Fill_then_read_returns_the_callers_sequences_in_the_callers_order()
    {
        SequenceBatch<double> batch = new(2);
        foreach (int[] lengths in (int[][])[[3, 0, 5, 5, 1], [0], [2], [7, 7, 7, 7, 7, 7, 7, 0], [0, 0, 1]])
        {
            List<double[]> sequences = [.. lengths.Select((length, b) => Sample.Sequence<double>(1, b, length, 2))];
            batch.Fill(sequences);
            Assert.Equal(sequences, batch.ToList());
            Assert.Equal(lengths, batch.Lengths.ToArray());
            Assert.Equal((lengths.Length, lengths.Max(), lengths.Sum()), (batch.Count, batch.StepCount, batch.RowCount));
            Assert.Equal(2 * lengths.Sum(), batch.Rows.Length);
            for (int b = 0; b < lengths.Length; b++)
            {
                Assert.Equal(sequences[b], batch.GetSequence(b));
                Assert.All(
                    Enumerable.Range(0, lengths[b]),
                    t => Assert.Equal(sequences[b][(2 * t)..((2 * t) + 2)], batch[b, t].ToArray()));
            }
        }
    }

    [Fact]
    public void Rows_stand_time_major_and_longest_first()
    {
        SequenceBatch<int> batch = SequenceBatch.FromSequences<int>([[10, 11], [20, 21, 22], [], [40]]);
        Assert.Equal([20, 10, 40, 21, 11, 22], batch.Rows.ToArray());
        batch[1, 2][0] = 99;
        Assert.Equal([20, 21, 99], batch.GetSequence(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FromTensor_then_ToTensor_returns_the_values_within_the_lengths(bool batchFirst)
    {
        int[] shape = batchFirst ? [3, 4, 2] : [4, 3, 2];
        float[] values = [.. Enumerable.Range(1, 24).Select(i => (float)i)];
        int[] lengths = [4, 0, 2];
        Tensor<float> tensor = Tensor.Create(values, [shape[0], shape[1], shape[2]]);
        SequenceBatch<float> batch = SequenceBatch.FromTensor<float>(tensor.AsReadOnlyTensorSpan(), batchFirst, lengths);
        Tensor<float> back = batch.ToTensor(batchFirst, padding: -1);
        Assert.Equal(tensor.Lengths.ToArray(), back.Lengths.ToArray());
        for (int b = 0; b < 3; b++)
        {
            for (int t = 0; t < 4; t++)
            {
                nint[] index = batchFirst ? [b, t, 1] : [t, b, 1];
                Assert.Equal(t < lengths[b] ? tensor[index] : -1, back[index]);
            }
        }

        Assert.Equal(24, SequenceBatch.FromTensor<float>(tensor.AsReadOnlyTensorSpan(), batchFirst).Rows.Length);
    }

    [Fact]
    public void FromTensor_of_a_strided_view_reads_the_views_elements()
    {
        float[] values = [.. Enumerable.Range(0, 4 * 5 * 6).Select(i => (float)i)];
        ReadOnlyTensorSpan<float> view = Tensor.Create(values, [4, 5, 6]).AsReadOnlyTensorSpan(0..3, 1..4, 4..6);
        SequenceBatch<float> batch = SequenceBatch.FromTensor(view);
        Assert.Equal([10f, 11, 40, 41, 70, 71], batch.GetSequence(0));
        Assert.Equal([22f, 23, 52, 53, 82, 83], batch.GetSequence(2));

        // Broadcast: one row for every step and sequence.
        ReadOnlyTensorSpan<float> same = new(values, [2, 2, 3], [0, 0, 1]);
        Assert.Equal([0f, 1, 2, 0, 1, 2], SequenceBatch.FromTensor(same).GetSequence(1));
    }

    [Fact]
    public void FromTensor_of_rank_two_has_one_feature()
    {
        int[] ids = [1, 2, 3, 4, 5, 6];
        SequenceBatch<int> batch =
            SequenceBatch.FromTensor<int>(Tensor.Create(ids, [2, 3]).AsReadOnlyTensorSpan(), batchFirst: true, [3, 1]);
        Assert.Equal([[1, 2, 3], [4]], batch.ToList());
    }

    [Fact]
    public void View_shares_the_rows_of_its_source()
    {
        SequenceBatch<double> source = Sample.Batch<double>(1, 3, 4, 0, 6, 2), view = new(3);
        view.View(source, 2, 3);
        Assert.Equal([2, 0, 3, 0], view.Lengths.ToArray());
        Assert.Equal(source[2, 4].ToArray(), view[2, 2].ToArray());
        view[0, 0][1] = 77;
        Assert.Equal(77, source[0, 2][1]);
        view.View(source, 6, 3);
        Assert.Equal((4, 0), (view.Count, view.RowCount));
    }

    [Fact]
    public void Fill_of_a_view_gives_it_rows_of_its_own()
    {
        SequenceBatch<double> source = Sample.Batch<double>(1, 3, 4, 0, 6, 2), view = new(3);
        List<double[]> before = source.ToList();
        view.View(source, 0, 6);
        view.Fill([new double[30], new double[3]]);
        Assert.Equal(before, source.ToList());
        Assert.Equal([10, 1], view.Lengths.ToArray());
    }

    [Fact]
    public void Bad_sequences_throw_and_leave_the_batch_as_it_was()
    {
        SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 4, 0, 2);
        List<double[]> before = batch.ToList();
        Assert.Throws<ArgumentNullException>("sequences", () => batch.Fill((IReadOnlyList<double[]>)null!));
        Assert.Contains("0", Assert.Throws<ArgumentException>("sequences", () => batch.Fill([])).Message);
        Throws("sequences", () => batch.Fill([new double[3], new double[4]]), "Sequence 1", "4", "3");
        Throws("sequences", () => batch.Fill([new double[3], null!]), "Sequence 1");
        Throws("lengths", () => batch.Reshape([]), "0");
        Throws("lengths", () => batch.Reshape([1, -2]), "-2", "sequence 1");
        Assert.Throws<ArgumentException>("lengths", () => batch.Reshape([int.MaxValue, int.MaxValue]));
        Assert.Equal(before, batch.ToList());
    }

    [Fact]
    public void Reshape_beyond_all_memory_throws_and_leaves_the_batch_as_it_was()
    {
        SequenceBatch<double> batch = Sample.Batch<double>(1, 1000, 4, 0, 2);
        List<double[]> before = batch.ToList();
        Throws("lengths", () => batch.Reshape([5_000_000]), "5000000 steps of 1000", $"{2_147_483_583}", "several batches");
        Assert.Equal([4, 0, 2], batch.Lengths.ToArray());
        Assert.Equal(before, batch.ToList());
    }

    [Fact]
    public void Bad_tensors_and_lengths_throw_and_leave_the_batch_as_it_was()
    {
        SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 4, 0, 2);
        List<double[]> before = batch.ToList();
        Throws("tensor", () => batch.Fill(Dense(4, 2)), "rank 2", "3");
        Throws("tensor", () => batch.Fill(Dense(4, 2, 5)), "5 features", "3");
        Throws("tensor", () => batch.Fill(Dense(4, 0, 3)), "0");
        Throws("lengths", () => batch.Fill(Dense(4, 2, 3), false, [1]), "1 lengths", "2 sequences");
        Throws("lengths", () => batch.Fill(Dense(4, 2, 3), false, [1, 5]), "Length 5", "sequence 1", "4");
        Throws("lengths", () => batch.Fill(Dense(4, 2, 3), false, [-1, 4]), "Length -1", "4");
        Throws("lengths", () => batch.Fill(Dense(4, 2, 3), true, [1, 2]), "2 lengths", "4 sequences");
        Throws("tensor", () => SequenceBatch.FromTensor<double>(Dense(4)), "rank 1");
        Assert.Equal(before, batch.ToList());
    }

    [Fact]
    public void Lists_that_change_their_lengths_while_they_are_read_throw()
    {
        SequenceBatch<double> batch = new(1);
        Assert.ThrowsAny<ArgumentException>(() => batch.Fill(new GrowingList()));
    }

    [Fact]
    public void Bad_indices_throw()
    {
        SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 4, 0, 2);
        Assert.Throws<ArgumentOutOfRangeException>("featureSize", () => new SequenceBatch<double>(0));
        Throws("sequence", () => _ = batch[3, 0], "3");
        Throws("sequence", () => _ = batch[-1, 0], "3");
        Throws("step", () => _ = batch[2, 2], "Sequence 2", "2");
        Throws("step", () => _ = batch[1, 0], "Sequence 1", "0");
        Throws("step", () => _ = batch[0, -1], "4");
        Throws("sequence", () => batch.GetSequence(3), "3");
    }

    internal static void Throws(string argument, Action action, params string[] said)
    {
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(action);
        Assert.Equal(argument, error.ParamName);
        Assert.All(said, part => Assert.Contains(part, error.Message));
    }

    private static ReadOnlyTensorSpan<double> Dense(params nint[] shape)
    {
        nint count = shape.Aggregate((nint)1, (a, b) => a * b);
        return Tensor.Create(new double[count], shape).AsReadOnlyTensorSpan();
    }

    private sealed class GrowingList : IReadOnlyList<double[]>
    {
        private int reads;

        public int Count => 2;

        public double[] this[int index] => index == 0 ? new double[5] : new double[1 + (reads++ * 4)];

        public IEnumerator<double[]> GetEnumerator() => throw new NotSupportedException();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => throw new NotSupportedException();
    }
}
