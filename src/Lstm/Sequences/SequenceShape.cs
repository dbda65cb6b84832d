using Lstm.Texts;

namespace Lstm.Sequences;

/// <summary>How the sequences of a batch are laid out in rows: time-major, longest first, without padding.</summary>
/// <remarks>
/// Step t occupies the rows <c>Offset(t) .. Offset(t) + Live(t)</c>. Within a step the sequences stand in rank order: longest
/// first, those of equal length in the caller's order. Rank b of step t continues rank b of step t − 1. While the shape is being
/// replaced, a reader on another thread may see parts of both shapes, but no index beyond the arrays: the arrays only grow, and
/// are written before the counts.
/// </remarks>
internal sealed class SequenceShape
{
    private int[] _lengths = [];
    private int[] _rankToCaller = [];
    private int[] _callerToRank = [];
    private int[] _offsets = [0];
    private long[] _keys = [];
    private int _count;

    /// <summary>Number of sequences B, those of length zero included.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Number of steps T: the longest length.</summary>
    public int StepCount { get; private set; }

    /// <summary>Number of rows R: the sum of the lengths.</summary>
    public int RowCount { get; private set; }

    /// <summary>The number of times that the shape was replaced.</summary>
    public int Version { get; private set; }

    /// <summary>
    /// Index, in the whole sequences, of this shape's first step; it differs from 0 in later segments of truncated BPTT and in
    /// single steps.
    /// </summary>
    public int FirstStep { get; private set; }

    /// <summary>Lengths in the caller's order.</summary>
    public ReadOnlySpan<int> Lengths
    {
        get
        {
            // Before the array, as it is written after it.
            int count = Count;
            return _lengths.AsSpan(0, count);
        }
    }

    /// <summary>The caller's index of each rank.</summary>
    public ReadOnlySpan<int> RankToCaller => _rankToCaller.AsSpan(0, Count);

    /// <summary>The rank of each of the caller's indices.</summary>
    public ReadOnlySpan<int> CallerToRank => _callerToRank.AsSpan(0, Count);

    /// <summary>The number and lengths of the sequences: <c>3 sequences of 0 to 5 steps, 8 rows</c>.</summary>
    public override string ToString()
    {
        ReadOnlySpan<int> lengths = Lengths;
        if (lengths.IsEmpty)
        {
            return "empty";
        }

        int shortest = int.MaxValue;
        foreach (int length in lengths)
        {
            shortest = Math.Min(shortest, length);
        }

        string range = shortest == StepCount ? string.Empty : $"{shortest} to ";
        return $"{Counted.Of(lengths.Length, "sequence")} of {range}{Counted.Of(StepCount, "step")}, " +
            $"{Counted.Of(RowCount, "row")}";
    }

    /// <summary>First row of step <paramref name="step"/>; <c>Offset(StepCount)</c> is the row count.</summary>
    public int Offset(int step) => _offsets[step];

    /// <summary>Number of sequences that reach step <paramref name="step"/>; 0 at <c>StepCount</c> and beyond.</summary>
    public int Live(int step) => step < StepCount ? _offsets[step + 1] - _offsets[step] : 0;

    /// <summary>Row of a step of a sequence, the sequence given by the caller's index.</summary>
    public int Row(int sequence, int step) => _offsets[step] + _callerToRank[sequence];

    /// <summary>The sequence, by the caller's index, and the step that a row belongs to.</summary>
    public (int Sequence, int Step) Place(int row)
    {
        // Every step has at least one row, so the offsets rise strictly.
        int step = _offsets.AsSpan(0, StepCount).BinarySearch(row);
        step = step < 0 ? ~step - 1 : step;
        return (_rankToCaller[row - _offsets[step]], step);
    }

    /// <summary>Sets the shape from lengths in the caller's order.</summary>
    public void Set(ReadOnlySpan<int> lengths)
    {
        _ = CountRows(lengths);
        int steps = 0;
        foreach (int length in lengths)
        {
            steps = Math.Max(steps, length);
        }

        Resize(lengths.Length, steps);
        lengths.CopyTo(_lengths);
        CountLive();
        Rank();
        FirstStep = 0;
    }

    /// <summary>The sum of the lengths.</summary>
    /// <exception cref="ArgumentException">It is more than a batch can hold.</exception>
    public static int CountRows(ReadOnlySpan<int> lengths)
    {
        long rows = 0;
        foreach (int length in lengths)
        {
            rows += length;
        }

        return rows <= int.MaxValue
            ? (int)rows
            : throw new ArgumentException(
                $"The batch has {rows} steps in all; a batch holds at most {int.MaxValue}. Divide the sequences among several "
                + "batches.", nameof(lengths));
    }

    /// <summary>Sets the shape of <paramref name="count"/> sequences of one length.</summary>
    public void SetDense(int count, int steps)
    {
        Resize(count, steps);
        _lengths.AsSpan(0, count).Fill(steps);
        CountLive();
        Rank();
        FirstStep = 0;
    }

    /// <summary>Sets <see cref="FirstStep"/>.</summary>
    public void StartAt(int step) => FirstStep = step;

    /// <summary>
    /// Sets the shape to the steps <c>first .. first + count</c> of another shape; all sequences are kept, in the same ranks.
    /// </summary>
    public void SetSteps(SequenceShape source, int first, int count)
    {
        int steps = Math.Max(0, Math.Min(count, source.StepCount - first));
        Resize(source.Count, steps);
        for (int b = 0; b < Count; b++)
        {
            _lengths[b] = Math.Clamp(source._lengths[b] - first, 0, steps);
            _rankToCaller[b] = source._rankToCaller[b];
            _callerToRank[b] = source._callerToRank[b];
        }

        CountLive();
        FirstStep = source.FirstStep + first;
    }

    /// <summary>Sets the shape to another's, ranks included.</summary>
    public void CopyFrom(SequenceShape source)
    {
        Resize(source.Count, source.StepCount);
        source.Lengths.CopyTo(_lengths);
        source.RankToCaller.CopyTo(_rankToCaller);
        source.CallerToRank.CopyTo(_callerToRank);
        source._offsets.AsSpan(0, StepCount + 1).CopyTo(_offsets);
        RowCount = source.RowCount;
        FirstStep = source.FirstStep;
    }

    /// <summary>Whether both shapes have the same lengths in the same order, and so the same rows.</summary>
    public bool Matches(SequenceShape other)
        => ReferenceEquals(this, other)
        || (RowCount == other.RowCount && Lengths.SequenceEqual(other.Lengths) && RankToCaller.SequenceEqual(other.RankToCaller));

    private void Resize(int count, int steps)
    {
        Version++;
        if (_lengths.Length < count)
        {
            _callerToRank = new int[count];
            _rankToCaller = new int[count];
            _lengths = new int[count];
        }

        if (_offsets.Length < steps + 1)
        {
            _offsets = new int[Math.Max(steps + 1, _offsets.Length + (_offsets.Length / 4))];
        }

        StepCount = steps;
        Volatile.Write(ref _count, count);
    }

    private void CountLive()
    {
        Span<int> live = _offsets.AsSpan(0, StepCount + 1);
        live.Clear();
        foreach (int length in Lengths)
        {
            live[length]++;
        }

        // live[t] holds the number of sequences of length t; a sequence of length n lives in steps 0 .. n − 1.
        int alive = Count;
        int row = 0;
        for (int t = 0; t <= StepCount; t++)
        {
            alive -= live[t];
            live[t] = row;
            row += alive;
        }

        RowCount = live[StepCount];
    }

    /// <summary>Ranks the sequences by falling length, those of equal length in the caller's order.</summary>
    private void Rank()
    {
        int rank = 0;
        if (StepCount == 0 || Live(StepCount - 1) == Count)
        {
            for (; rank < Count; rank++)
            {
                _rankToCaller[rank] = rank;
                _callerToRank[rank] = rank;
            }

            return;
        }

        // Keys made of falling length, then rising index, are distinct, so an unstable sort of them is stable.
        _keys = _keys.Length < Count ? new long[Count] : _keys;
        Span<long> keys = _keys.AsSpan(0, Count);
        for (int b = 0; b < Count; b++)
        {
            keys[b] = ((long)(StepCount - _lengths[b]) << 32) | (uint)b;
        }

        keys.Sort();
        for (; rank < Count; rank++)
        {
            int caller = (int)(uint)keys[rank];
            _rankToCaller[rank] = caller;
            _callerToRank[caller] = rank;
        }
    }
}
