namespace Lstm.Specs;

/// <summary>Whether the input of each layer of a stack also bypasses the layer. Dropout does not apply to the bypass.</summary>
public enum LstmShortcut
{
    /// <summary>There is no bypass.</summary>
    None,

    /// <summary>
    /// Residual connections (He et al. 2016, Wu et al. 2016): each layer adds its input to its output. All sizes have to be
    /// equal; give a first layer of another size a separate spec.
    /// </summary>
    Add,

    /// <summary>
    /// Skip connections (Graves 2013, Huang et al. 2017): each layer's output is its values followed by its input. Each layer
    /// therefore reads the stack's input and the outputs of all layers before it, and the stack's output contains all of them.
    /// </summary>
    Concatenate,
}
