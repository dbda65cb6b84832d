namespace Lstm.Tests.Support;

/// <summary>
/// How far a value may be from the expected one: |a − e| ≤ Absolute + Relative · |e| + OfLargest · the largest |e| of the tensor.
/// </summary>
internal readonly record struct Tolerance(double Absolute, double Relative = 0, double OfLargest = 0);
