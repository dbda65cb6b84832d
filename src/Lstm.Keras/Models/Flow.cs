namespace Lstm.Keras.Models;

/// <summary>A tensor of the model on its way through our network.</summary>
/// <param name="View">Where its values are.</param>
/// <param name="HasTime">Whether it has steps, or is one row for each sequence.</param>
/// <param name="IsReversed">Whether Keras's steps run from the last to the first; ours keep the order of the input.</param>
internal sealed record Flow(View View, bool HasTime, bool IsReversed = false);
