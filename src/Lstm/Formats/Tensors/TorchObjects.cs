using Lstm.Formats.Pickles;
using Lstm.Texts;

namespace Lstm.Formats.Tensors;

/// <summary>The names that a pickle of PyTorch may refer to: tensors, storages, their types, and ordered dicts.</summary>
/// <param name="storages">Whether a storage's bytes are in the file: the reason why not, or null.</param>
internal sealed class TorchObjects(Func<TorchStorage, string?> storages) : PickleObjects
{
    private static readonly Dictionary<string, string> StorageTypes = new()
    {
        ["DoubleStorage"] = "F64",
        ["FloatStorage"] = "F32",
        ["HalfStorage"] = "F16",
        ["BFloat16Storage"] = "BF16",
        ["LongStorage"] = "I64",
        ["IntStorage"] = "I32",
        ["ShortStorage"] = "I16",
        ["CharStorage"] = "I8",
        ["ByteStorage"] = "U8",
        ["BoolStorage"] = "BOOL",
        ["ComplexFloatStorage"] = "C64",
        ["UntypedStorage"] = "U8",
    };

    private static readonly Dictionary<string, string> Types = new()
    {
        ["float64"] = "F64",
        ["double"] = "F64",
        ["float32"] = "F32",
        ["float"] = "F32",
        ["float16"] = "F16",
        ["half"] = "F16",
        ["bfloat16"] = "BF16",
        ["int64"] = "I64",
        ["long"] = "I64",
        ["int32"] = "I32",
        ["int"] = "I32",
        ["int16"] = "I16",
        ["short"] = "I16",
        ["int8"] = "I8",
        ["uint64"] = "U64",
        ["uint32"] = "U32",
        ["uint16"] = "U16",
        ["uint8"] = "U8",
        ["bool"] = "BOOL",
        ["complex64"] = "C64",
        ["float8_e4m3fn"] = "F8_E4M3",
        ["float8_e5m2"] = "F8_E5M2",
    };

    private static readonly HashSet<string> Functions =
    [
        "collections.OrderedDict", "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_tensor_v3", "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
        "torch.Size", "torch.device",
    ];

    /// <summary>Where the bytes of storages are found: a storage that several tensors share is looked up once for each.</summary>
    public override object Find(object? id)
    {
        // The number of values comes fifth; then, in old versions, the part of a storage that is meant, or None.
        if (id is not object?[] { Length: 5 or 6 } parts || parts[0] is not "storage" || parts[1] is not PickleGlobal type
            || StorageTypeOf(type) is not { } name || parts[2] is not string key || parts[4] is not long count || count < 0)
        {
            throw new InvalidDataException("refers to something else than a storage outside of it");
        }

        TorchStorage storage = new(name, key, 0, count);
        if (storages(storage) is { } problem)
        {
            throw new InvalidDataException(problem);
        }

        return (parts.Length < 6 ? null : parts[5]) switch
        {
            null => storage,
            object?[] and [_, long first, long part] when first >= 0 && part >= 0 && first <= count && part <= count - first
                => storage with { First = first, Count = part },
            _ => throw new InvalidDataException($"refers to a part of the storage '{Shortened.Text(key)}' that is not in it"),
        };
    }

    public override bool Knows(PickleGlobal global)
        => Functions.Contains(global.Path) || StorageTypeOf(global) is not null || TypeOf(global) is not null;

    public override string WhyNot(PickleGlobal global) => global switch
    {
        { Module: "torch" or "torch.cuda" } when global.Name.EndsWith("Storage", StringComparison.Ordinal)
            => "a storage of values that no network has; save floating-point tensors",
        { Module: "__main__" } => "a class of the program that wrote it: " + WholeModule,
        _ when global.Module.StartsWith("torch.nn.", StringComparison.Ordinal) => WholeModule,
        _ => "which is not on the list of names that are read, and is never executed: save what the network needs alone, by "
            + "torch.save(module.state_dict(), \"model.pt\")",
    };

    public override object? Call(PickleGlobal global, object?[] arguments)
    {
        switch (global.Path, arguments)
        {
            case ("collections.OrderedDict", []):
                return new PickleDict();
            case ("collections.OrderedDict", [PickleList pairs]):
                return Dict(pairs);
            case ("torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v2",
                [TorchStorage storage, var offset, var size, var stride, ..]):
                return TorchTensor.Of(storage, storage.Type, offset, size, stride);
            case ("torch._utils._rebuild_tensor_v3",
                [TorchStorage storage, var offset, var size, var stride, _, _, PickleGlobal type, ..])
                when TypeOf(type) is { } name:
                return TorchTensor.Of(Retyped(storage, name), name, offset, size, stride);
            case ("torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state", [TorchTensor tensor, ..]):
                return tensor;
            case ("torch.Size", [object?[] sizes]):
                return sizes;
            case ("torch.device", [string device, ..]):
                return device;
            default:
                throw Unknown(global);
        }
    }

    private const string WholeModule =
        "a whole module, whose class is never made here: save its tensors by torch.save(module.state_dict(), \"model.pt\")";

    private static InvalidDataException Unknown(PickleGlobal global)
        => new($"calls '{Shortened.Text(global.Path)}' with arguments that PyTorch does not write");

    private static PickleDict Dict(PickleList pairs)
    {
        PickleDict dict = new();
        foreach (object? pair in pairs.Items)
        {
            switch (pair)
            {
                case object?[] and [var key, var value]:
                    dict.Add(key, value);
                    break;
                case PickleList { Items: [var key, var value] }:
                    dict.Add(key, value);
                    break;
                default:
                    throw new InvalidDataException("makes an OrderedDict of something else than pairs");
            }
        }

        return dict;
    }

    // An untyped storage counts bytes.
    private static TorchStorage Retyped(TorchStorage storage, string type)
    {
        int size = Safetensors.SafetensorsTensor.SizeOf(type), own = Safetensors.SafetensorsTensor.SizeOf(storage.Type);
        return storage.First == 0 ? storage with { Type = type, Count = (long)((Int128)storage.Count * own / size) }
            : throw new InvalidDataException("makes a tensor of another type than the part of a storage that it lies in");
    }

    private static string? StorageTypeOf(PickleGlobal global)
        => global.Module is "torch" or "torch.cuda" or "torch.storage" ? StorageTypes.GetValueOrDefault(global.Name) : null;

    private static string? TypeOf(PickleGlobal global)
        => global.Module == "torch" ? Types.GetValueOrDefault(global.Name) : null;
}
