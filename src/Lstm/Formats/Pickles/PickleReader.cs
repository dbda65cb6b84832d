using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Lstm.Texts;

namespace Lstm.Formats.Pickles;

/// <summary>
/// Reads a pickle of Python's protocols 2 to 5: None, bool, int, float, str, bytes, tuple, list, dict, and the names of a closed
/// list. Nothing is executed.
/// </summary>
/// <remarks>
/// Values: null, <see cref="bool"/>, <see cref="long"/> or <see cref="BigInteger"/>, <see cref="double"/>, <see cref="string"/>,
/// <see cref="byte"/>[], <see cref="object"/>[] for a tuple, <see cref="PickleList"/>, <see cref="PickleDict"/>,
/// <see cref="PickleGlobal"/>, and what <see cref="PickleObjects"/> returns. Containers may contain themselves.
/// </remarks>
/// <param name="bytes">The bytes.</param>
/// <param name="start">Where the pickle begins.</param>
/// <param name="objects">The closed list of names.</param>
internal sealed class PickleReader(byte[] bytes, int start, PickleObjects objects)
{
    private const int HighestProtocol = 5;
    private static readonly object True = true, False = false;
    private static readonly object?[] EmptyTuple = [];

    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly PickleMemo _memo = new();
    private int _opcode;

    /// <summary>The byte after what has been read.</summary>
    public int Position { get; private set; } = start;

    /// <summary>The value of the pickle.</summary>
    /// <exception cref="InvalidDataException">It is broken, or has an operation or a name that is not on the list.</exception>
    public object? Read()
    {
        while (true)
        {
            _opcode = Position;
            byte opcode = Take(1)[0];
            if (opcode == '.')
            {
                return Pop();
            }

            if (!ReadStructure(opcode) && !ReadNumber(opcode) && !ReadText(opcode) && !ReadObject(opcode))
            {
                string name = opcode is > 0x20 and < 0x7F ? $"'{(char)opcode}'" : InvariantText.Of($"0x{opcode:x2}");
                throw Broken(
                    opcode is 0x81 or 0x92 or (byte)'o' or (byte)'i'
                        ? $"makes an object of a class by the operation {name}, which is refused: only tensors, storages, and "
                            + "plain containers are read"
                        : $"has the operation {name}, which is not on the list of those that are read");
            }
        }
    }

    // Containers, marks and the memo.
    private bool ReadStructure(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: // PROTO
                int protocol = Take(1)[0];
                return protocol <= HighestProtocol
                    ? true
                    : throw Broken($"is of protocol {protocol}; those up to {HighestProtocol} are known");
            case 0x95: // FRAME
                Take(sizeof(long));
                return true;
            case (byte)'(':
                _marks.Add(_stack.Count);
                return true;
            case (byte)'0':
                Pop();
                return true;
            case (byte)'1':
                PopMark();
                return true;
            case (byte)'}':
                _stack.Add(new PickleDict());
                return true;
            case (byte)']':
                _stack.Add(new PickleList());
                return true;
            case (byte)')':
                _stack.Add(EmptyTuple);
                return true;
            case (byte)'t':
                _stack.Add(PopMark());
                return true;
            case 0x85 or 0x86 or 0x87: // TUPLE1 … TUPLE3
                PushTuple(opcode - 0x84);
                return true;
            case (byte)'a':
                AddTo([Pop()]);
                return true;
            case (byte)'e':
                AddTo(PopMark());
                return true;
            case (byte)'s':
                object? value = Pop();
                SetIn([Pop(), value]);
                return true;
            case (byte)'u':
                SetIn(PopMark());
                return true;
            default:
                return ReadMemo(opcode);
        }
    }

    private bool ReadMemo(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'q':
                _memo.Set(Take(1)[0], Top());
                return true;
            case (byte)'r':
                _memo.Set(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint))), Top());
                return true;
            case 0x94: // MEMOIZE
                _memo.Add(Top());
                return true;
            case (byte)'h':
                _stack.Add(Recall(Take(1)[0]));
                return true;
            case (byte)'j':
                _stack.Add(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)))));
                return true;
            default:
                return false;
        }
    }

    private bool ReadNumber(byte opcode)
    {
        object? value;
        switch (opcode)
        {
            case (byte)'N':
                value = null;
                break;
            case 0x88:
                value = True;
                break;
            case 0x89:
                value = False;
                break;
            case (byte)'J':
                value = (long)BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));
                break;
            case (byte)'K':
                value = (long)Take(1)[0];
                break;
            case (byte)'M':
                value = (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));
                break;
            case 0x8A: // LONG1
                value = Integer(Take(Take(1)[0]));
                break;
            case 0x8B: // LONG4
                value = Integer(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)))));
                break;
            case (byte)'G':
                value = BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double)));
                break;
            default:
                return false;
        }

        _stack.Add(value);
        return true;
    }

    private bool ReadText(byte opcode)
    {
        object? value;
        switch (opcode)
        {
            case (byte)'X':
                value = Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)))));
                break;
            case 0x8C: // SHORT_BINUNICODE
                value = Encoding.UTF8.GetString(Take(Take(1)[0]));
                break;
            case 0x8D: // BINUNICODE8
                value = Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)))));
                break;
            case (byte)'T': // a text of Python 2
                value = Encoding.Latin1.GetString(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)))));
                break;
            case (byte)'U':
                value = Encoding.Latin1.GetString(Take(Take(1)[0]));
                break;
            case (byte)'B':
                value = Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)))).ToArray();
                break;
            case (byte)'C':
                value = Take(Take(1)[0]).ToArray();
                break;
            case 0x8E: // BINBYTES8
                value = Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)))).ToArray();
                break;
            default:
                return false;
        }

        _stack.Add(value);
        return true;
    }

    // Names, calls of them, and objects that are stored elsewhere.
    private bool ReadObject(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'c':
                string module = Line();
                Push(module, Line());
                return true;
            case 0x93: // STACK_GLOBAL
                object? name = Pop();
                Push(Pop() as string, name as string);
                return true;
            case (byte)'R':
                object?[] arguments = Pop() as object?[] ?? throw Broken("calls a function without a tuple of arguments");
                PickleGlobal function = Pop() as PickleGlobal ?? throw Broken("calls something that is no function");
                _stack.Add(Inside(() => objects.Call(function, arguments)));
                return true;
            case (byte)'Q':
                object? id = Pop();
                _stack.Add(Inside(() => objects.Find(id)));
                return true;
            case (byte)'b':
                // Attributes of a dict, such as the versions of a state_dict's modules, are of no use here.
                Pop();
                return Top() is PickleDict
                    ? true
                    : throw Broken("sets attributes of an object that is no dict, which is refused");
            default:
                return false;
        }
    }

    private void Push(string? module, string? name)
    {
        if (module is null || name is null)
        {
            throw Broken("has a name that is no text");
        }

        PickleGlobal global = new(module, name);
        _stack.Add(objects.Knows(global)
            ? global
            : throw Broken($"refers to '{Shortened.Text(global.Path)}', {objects.WhyNot(global)}"));
    }

    private object? Inside(Func<object?> call)
    {
        try
        {
            return call();
        }
        catch (InvalidDataException e)
        {
            throw Broken(e.Message);
        }
    }

    private void PushTuple(int count)
    {
        object?[] tuple = new object?[count];
        for (int i = count - 1; i >= 0; i--)
        {
            tuple[i] = Pop();
        }

        _stack.Add(tuple);
    }

    private void AddTo(object?[] items)
    {
        PickleList list = Top() as PickleList ?? throw Broken("appends to something that is no list");
        foreach (object? item in items)
        {
            list.Add(item);
        }
    }

    private void SetIn(object?[] items)
    {
        PickleDict dict = Top() as PickleDict ?? throw Broken("sets an item of something that is no dict");
        if (items.Length % 2 != 0)
        {
            throw Broken("sets a key of a dict without a value");
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            dict.Add(items[i], items[i + 1]);
        }
    }

    private object? Top() => _stack.Count > Bottom ? _stack[^1] : throw Broken("takes a value from an empty stack");

    private object? Pop()
    {
        object? value = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private int Bottom => _marks.Count > 0 ? _marks[^1] : 0;

    private object?[] PopMark()
    {
        if (_marks.Count == 0)
        {
            throw Broken("ends a group that has no beginning");
        }

        int first = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        object?[] items = CollectionsMarshal.AsSpan(_stack)[first..].ToArray();
        _stack.RemoveRange(first, _stack.Count - first);
        return items;
    }

    private object? Recall(uint number)
        => _memo.TryGet(number, out object? value) ? value : throw Broken($"recalls value {number}, which it has not kept");

    private static object Integer(ReadOnlySpan<byte> little)
        => little.Length <= sizeof(long) ? (object)(long)new BigInteger(little) : new BigInteger(little);

    private string Line()
    {
        int length = bytes.AsSpan(Position).IndexOf((byte)'\n');
        if (length < 0)
        {
            throw Broken("has a name without an end");
        }

        string line = Encoding.UTF8.GetString(Take(length));
        Take(1);
        return line;
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(bytes.Length - Position))
        {
            throw Broken(string.Create(CultureInfo.InvariantCulture,
                $"is cut off: {count} bytes are wanted at byte {Position}, {bytes.Length - Position} are left"));
        }

        ReadOnlySpan<byte> taken = bytes.AsSpan(Position, (int)count);
        Position += (int)count;
        return taken;
    }

    private ReadOnlySpan<byte> Take(int count) => Take((ulong)count);

    private InvalidDataException Broken(string what) => new(InvariantText.Of($"The pickle {what} (byte {_opcode})."));
}
