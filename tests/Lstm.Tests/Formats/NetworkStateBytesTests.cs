using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Lstm.Tests.Support;

namespace Lstm.Tests.Formats;

public class NetworkStateBytesFloatTests : NetworkStateBytesTests<float>;

public class NetworkStateBytesDoubleTests : NetworkStateBytesTests<double>;

/// <summary>States to bytes and back.</summary>
public abstract class NetworkStateBytesTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [Fact]
    public void FromBytes_of_ToBytes_has_the_same_bits_whatever_they_are()
    {
        NetworkState<T> state =
            State(3, new LstmSpec(5) { Layers = 2, Direction = LstmDirection.Bidirectional }, new LstmSpec(17));
        Random random = new(4);
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            random.NextBytes(MemoryMarshal.AsBytes(state.Hidden(entry)));
            random.NextBytes(MemoryMarshal.AsBytes(state.Cell(entry)));
        }

        MemoryMarshal.AsBytes(state.Hidden(0))[..4].Fill(0xFF);
        state.Cell(1)[0] = T.NegativeZero;
        NetworkState<T> copy = NetworkState.FromBytes<T>(state.ToBytes());

        Assert.Equal(state.Count, copy.Count);
        Assert.Equal(state.Sizes, copy.Sizes);
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            Close.SameBits<T>(state.Hidden(entry), copy.Hidden(entry), $"h of {entry}");
            Close.SameBits<T>(state.Cell(entry), copy.Cell(entry), $"c of {entry}");
        }

        Assert.Equal(state.ToBytes(), copy.ToBytes());
    }

    [Fact]
    public void FromBytes_of_a_state_without_recurrent_layers_keeps_its_count()
    {
        NetworkState<T> copy = NetworkState.FromBytes<T>(State(4, new DenseSpec(2)).ToBytes());
        Assert.Equal(4, copy.Count);
        Assert.Empty(copy.Sizes);
    }

    [Fact]
    public void A_stream_goes_on_from_a_stored_state_with_the_same_bits()
    {
        Network<T> network = Network.Create<T>(2, 1, new LstmSpec(9), new DenseSpec(3));
        T[] x = [T.One, -T.One], expected = new T[3], actual = new T[3];
        using NetworkStream<T> first = network.OpenStream();
        first.Step(x, expected);
        byte[] stored = first.State.ToBytes();
        first.Step(x, expected);
        using NetworkStream<T> second = network.OpenStream();
        second.State.CopyFrom(NetworkState.FromBytes<T>(stored));
        second.Step(x, actual);
        Close.SameBits(expected, actual, "output");
    }

    [Fact]
    public void FromBytes_of_a_truncation_or_an_extension_throws()
    {
        byte[] bytes = State(2, new LstmSpec(3)).ToBytes();
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => NetworkState.FromBytes<T>(bytes.AsSpan(0, length)));
        }

        Assert.Throws<InvalidDataException>(() => NetworkState.FromBytes<T>([.. bytes, 0]));
    }

    [Fact]
    public void FromBytes_with_any_byte_changed_throws()
    {
        byte[] bytes = State(2, new LstmSpec(3)).ToBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            byte old = bytes[i];
            foreach (byte value in (byte[])[0, 1, 0x80, 0xFF, (byte)(old ^ 4)])
            {
                bytes[i] = value;
                if (value != old)
                {
                    Assert.Throws<InvalidDataException>(() => NetworkState.FromBytes<T>(bytes));
                }
            }

            bytes[i] = old;
        }
    }

    [Theory]
    [InlineData(8, 2)]
    [InlineData(8, 4)]
    [InlineData(12, 3)]
    [InlineData(16, 0)]
    [InlineData(16, -2)]
    [InlineData(16, int.MaxValue)]
    [InlineData(20, -1)]
    [InlineData(20, 0)]
    [InlineData(20, int.MaxValue)]
    [InlineData(24, 0)]
    [InlineData(24, -3)]
    [InlineData(24, int.MaxValue)]
    public void FromBytes_of_a_lie_with_a_correct_hash_throws(int place, int value)
    {
        byte[] bytes = State(2, new LstmSpec(3)).ToBytes();
        BitConverter.TryWriteBytes(bytes.AsSpan(place), value);
        SHA256.HashData(bytes.AsSpan(0, bytes.Length - 32), bytes.AsSpan(bytes.Length - 32));
        Assert.Throws<InvalidDataException>(() => NetworkState.FromBytes<T>(bytes));
    }

    [Fact]
    public void FromBytes_of_the_other_precision_throws_and_says_so()
    {
        byte[] bytes = State(2, new LstmSpec(3)).ToBytes();
        string message = typeof(T) == typeof(float)
            ? Assert.Throws<InvalidDataException>(() => NetworkState.FromBytes<double>(bytes)).Message
            : Assert.Throws<InvalidDataException>(() => NetworkState.FromBytes<float>(bytes)).Message;
        Assert.Contains("bytes per value", message);
    }

    private static NetworkState<T> State(int count, params LayerSpec[] layers) => Network.Create<T>(2, layers).CreateState(count);
}
