using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace Lstm.Tests.Support;

/// <summary>What a compiled method does: whether it loops, and what it calls.</summary>
internal sealed class IlBody
{
    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    private readonly List<MethodBase> _calls = [];

    public IlBody(MethodBase method)
    {
        ReadOnlySpan<byte> il = method.GetMethodBody()?.GetILAsByteArray();
        for (int at = 0; at < il.Length;)
        {
            OpCode code = OpCodesByValue[il[at] == 0xFE ? (short)((il[at] << 8) | il[at + 1]) : il[at]];
            at += code.Size;
            HasLoop |= Jump(code, il[at..]) < 0;
            if (code.OperandType == OperandType.InlineMethod)
            {
                int token = BinaryPrimitives.ReadInt32LittleEndian(il[at..]);
                _calls.Add(
                    method.Module.ResolveMethod(
                    token, method.DeclaringType!.GetGenericArguments(), method.IsGenericMethod ? method.GetGenericArguments()
                    : null)!);
            }

            at += Size(code.OperandType, il[at..]);
        }
    }

    /// <summary>Whether a branch goes back.</summary>
    public bool HasLoop { get; }

    public IReadOnlyList<MethodBase> Calls => _calls;

    // A switch never goes back.
    private static int Jump(OpCode code, ReadOnlySpan<byte> operand) => code.OperandType switch
    {
        OperandType.ShortInlineBrTarget => (sbyte)operand[0],
        OperandType.InlineBrTarget => BinaryPrimitives.ReadInt32LittleEndian(operand),
        _ => 0,
    };

    private static int Size(OperandType type, ReadOnlySpan<byte> operand) => type switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BinaryPrimitives.ReadInt32LittleEndian(operand)),
        _ => 4,
    };
}
