using Lstm.Specs;

namespace Lstm.Formats.Foreign.Modules;

/// <summary>The specs that compute modules.</summary>
internal static class ModuleLayers
{
    /// <summary>The spec of a module in a chain.</summary>
    public static LayerSpec SpecOf(ChainStep step, string name)
    {
        StateModule module = step.Module;
        int outputs = (int)Math.Min(step.Outputs, int.MaxValue);
        return module.Kind switch
        {
            ModuleKind.Lstm => new LstmSpec((int)Math.Min(module.Hidden, int.MaxValue))
            {
                Name = name,
                Layers = module.Layers,
                Direction = module.IsBidirectional ? LstmDirection.Bidirectional : LstmDirection.Forward,
                Bias = module.Bias,
                Projection = module.Projection > 0
                    ? new LstmProjection((int)Math.Min(module.Projection, int.MaxValue)) : null,
            },
            ModuleKind.LayerNorm => new LayerNormSpec { Name = name },
            _ when step.IsEmbedding => new EmbeddingSpec(outputs) { Name = name },
            _ => new DenseSpec(outputs) { Name = name, Bias = module.Kind == ModuleKind.Linear },
        };
    }

    /// <summary>Whether a module can give a spec its parameters, by its kind and the sizes that it is known by.</summary>
    public static bool Fits(StateModule module, LayerSpec spec) => spec switch
    {
        LstmSpec lstm => module.Kind == ModuleKind.Lstm && module.Hidden == lstm.HiddenSize && module.Layers == lstm.Layers,
        DenseSpec dense => module.Kind == (dense.Bias ? ModuleKind.Linear : ModuleKind.Matrix)
            && module.Outputs == dense.OutputSize,
        EmbeddingSpec embedding => module.Kind == ModuleKind.Matrix && module.Inputs == embedding.OutputSize,
        LayerNormSpec => module.Kind == ModuleKind.LayerNorm,
        _ => false,
    };

    /// <summary>Whether a spec has parameters.</summary>
    public static bool HasParameters(LayerSpec spec) => spec is LstmSpec or DenseSpec or EmbeddingSpec or LayerNormSpec;
}
